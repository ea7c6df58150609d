from __future__ import annotations

import hashlib
from itertools import product

import pytest
import torch

from thumbnet.training.randomness import Stream, derive_seed, make_generator, seed_device

STREAMS: list[Stream] = ["initialisation", "shuffle", "augmentation", "dropout"]


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("place", [(0, 0, 0), (7, 3, 11), (2**63 - 1, 2**40, 2**50)])
def test_seed_is_the_documented_hash(stream: Stream, place: tuple[int, int, int]) -> None:
    message = stream.encode() + b"".join(number.to_bytes(8, "little") for number in place)
    digest = hashlib.blake2b(message, digest_size=8).digest()
    assert derive_seed(place[0], stream, *place[1:]) == int.from_bytes(digest, "little") // 2


def test_places_have_distinct_seeds_that_torch_takes() -> None:
    places = list(product(range(4), STREAMS, range(4), range(4)))
    seeds = {derive_seed(seed, stream, epoch, step) for seed, stream, epoch, step in places}
    assert len(seeds) == len(places)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_generator_depends_on_its_place_alone() -> None:
    first = torch.rand(5, generator=make_generator(1, "shuffle", 2, 3))
    torch.rand(7)
    assert torch.equal(torch.rand(5, generator=make_generator(1, "shuffle", 2, 3)), first)
    assert not torch.equal(torch.rand(5, generator=make_generator(1, "dropout", 2, 3)), first)


def test_seeding_the_cpu_equals_manual_seed() -> None:
    torch.manual_seed(123)
    expected = torch.nn.functional.dropout(torch.ones(50), 0.5)
    seed_device(torch.device("cpu"), 123)
    assert torch.equal(torch.nn.functional.dropout(torch.ones(50), 0.5), expected)


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_seeding_another_device_leaves_the_cpu_alone(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(getattr(torch, kind), "manual_seed", seen.append)
    before = torch.get_rng_state()
    seed_device(torch.device(kind), 5)
    assert seen == [5]
    assert torch.equal(torch.get_rng_state(), before)
