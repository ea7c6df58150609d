"""Processes of one attempt find each other, whatever an earlier attempt left in the store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import torch.distributed as dist

from thumbnet.training.rendezvous import agree_on_attempt, attempt_store


def attempt(store: dist.Store, world_size: int, late: bool = False) -> set[str]:
    """Let all ranks agree, rank 0 last if ``late``; return the names that they were given."""
    ranks = list(range(world_size))
    with ThreadPoolExecutor(world_size) as pool:
        order = [*ranks[1:], 0] if late else ranks
        names = pool.map(lambda rank: agree_on_attempt(store, rank, world_size), order)
        return set(names)


@pytest.mark.parametrize("world_size", [1, 2, 5])
@pytest.mark.parametrize("late", [False, True])
def test_every_attempt_has_one_name_of_its_own(world_size: int, late: bool) -> None:
    store = dist.HashStore()
    names = [attempt(store, world_size, late) for _ in range(4)]
    assert [len(each) for each in names] == [1] * 4
    assert len(set.union(*names)) == 4


def test_question_of_a_killed_process_is_not_taken_for_its_successors() -> None:
    store = dist.HashStore()
    brief = timedelta(milliseconds=50)
    with pytest.raises(TimeoutError, match="rank 0 did not answer rank 1"):
        agree_on_attempt(store, 1, 2, timeout=brief)
    with pytest.raises(TimeoutError, match=r"ranks \[1\] did not join"):
        agree_on_attempt(store, 0, 2, timeout=brief)
    assert len(attempt(store, 2)) == 1


def test_launcher_without_a_shared_store_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORCHELASTIC_USE_AGENT_STORE", raising=False)
    assert attempt_store() is None
