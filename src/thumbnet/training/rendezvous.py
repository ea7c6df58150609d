"""A store for one attempt of torchrun's processes, free of what an earlier attempt left.

torchrun keeps one TCPStore while it restarts its processes, and torch names the keys of every
attempt alike. A restarted process may therefore read the address of one that was killed, and then
fails to connect or waits without end (pytorch/pytorch#135712). The number of restarts cannot tell
attempts apart: each launcher counts only its own. Rank 0 therefore draws a name for the attempt
and the others ask it for that name.
"""

from __future__ import annotations

import os
import time
import uuid
from datetime import timedelta

from torch._C._distributed_c10d import PrefixStore, Store, TCPStore
from torch.distributed import DistError

_PREFIX = "thumbnet/rendezvous"
_TIMEOUT = timedelta(minutes=10)
_POLL_S = 0.01


def attempt_store() -> Store | None:
    """Return this attempt's store within torchrun's own; None where torchrun shares none.

    Raises:
        TimeoutError: not every process came within ten minutes.
    """
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return None
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    store = TCPStore(address, port, is_master=False, timeout=_TIMEOUT)
    return PrefixStore(
        agree_on_attempt(store, int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])), store
    )


def agree_on_attempt(
    store: Store, rank: int, world_size: int, timeout: timedelta = _TIMEOUT
) -> str:
    """Return a name that all processes of this attempt share and no earlier attempt had.

    Every process that asks for the name asks with a key of its own, so an answer to a process of
    an earlier attempt reaches nobody. All of those have ended when the first of this one starts.
    """
    if rank == 0:
        return _name_attempt(store, world_size, timeout)
    question = uuid.uuid4().hex
    store.set(f"{_PREFIX}/question/{rank}", question)
    answer = f"{_PREFIX}/answer/{question}"
    try:
        store.wait([answer], timeout)
    except DistError as error:
        raise TimeoutError(f"rank 0 did not answer rank {rank} within {timeout}") from error
    name: str = store.get(answer).decode()
    store.set(f"{name}/joined/{rank}", "")
    return name


def _name_attempt(store: Store, world_size: int, timeout: timedelta) -> str:
    """Answer every question until each rank has joined under the name."""
    name = f"{_PREFIX}/attempt/{uuid.uuid4().hex}"
    missing = set(range(1, world_size))
    deadline = time.monotonic() + timeout.total_seconds()
    while missing:
        for rank in sorted(missing):
            question = f"{_PREFIX}/question/{rank}"
            if store.check([question]):
                store.set(f"{_PREFIX}/answer/{store.get(question).decode()}", name)
        missing = {rank for rank in missing if not store.check([f"{name}/joined/{rank}"])}
        if missing and time.monotonic() > deadline:
            raise TimeoutError(f"ranks {sorted(missing)} did not join within {timeout}")
        time.sleep(_POLL_S)
    return name
