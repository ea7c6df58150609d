from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from thumbnet.datasets.mnist import load_mnist
from thumbnet.inspection.doctor.duplicates import FAINT, NEAR, find_duplicates


def slow_pairs(images: Tensor) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Compare every picture with every other one."""
    rows = images.flatten(1).double()
    same, near = set(), set()
    repeated: set[int] = set()
    for i in range(len(rows)):
        for j in range(i):
            if j not in repeated and torch.equal(rows[i], rows[j]):
                same.add((j, i))
                repeated.add(i)
                break
    kept = [i for i in range(len(rows)) if i not in repeated]
    for i in kept:
        for j in kept:
            deviation = min(float(rows[k].std(correction=0)) for k in (i, j))
            difference = float((rows[i] - rows[j]).square().mean().sqrt())
            if j < i and deviation >= FAINT and difference <= NEAR * deviation:
                near.add((j, i))
    return same, near


def as_sets(images: Tensor) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    found = find_duplicates(images)
    return {tuple(pair) for pair in found.same.tolist()}, {tuple(p) for p in found.near.tolist()}


@given(st.integers(0, 2**20), st.sampled_from([1, 3]), st.sampled_from([8, 13]))
def test_agrees_with_comparing_every_pair(seed: int, channels: int, size_px: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    base = torch.randint(0, 256, (6, channels, size_px, size_px), generator=generator)
    noise = torch.randint(0, 30, (18, 1, 1, 1), generator=generator)
    noise = noise * torch.randn((18, *base.shape[1:]), generator=generator)
    chosen = torch.randint(0, 6, (18,), generator=generator)
    images = (base[chosen] + noise.int()).clamp(0, 255).to(torch.uint8)
    assert as_sets(images) == slow_pairs(images)


def test_copy_and_changed_copies_are_found() -> None:
    picture = load_mnist("test").images[0]
    array = picture[0].numpy()
    file = BytesIO()
    Image.fromarray(array).save(file, "JPEG", quality=85)
    as_jpeg = torch.from_numpy(np.array(Image.open(file)))[None]
    paler = (picture.float() * 0.95).to(torch.uint8)
    others = load_mnist("test").images[1:50]
    images = torch.cat([picture[None], others, picture[None], as_jpeg[None], paler[None]])
    same, near = as_sets(images)
    assert same == {(0, 50)}
    assert {(0, 51), (0, 52)} <= near
    assert all(first in (0, 51) for first, _ in near)


def test_of_a_group_of_alike_each_is_paired_with_the_first() -> None:
    generator = torch.Generator().manual_seed(0)
    picture = torch.randint(0, 256, (1, 1, 8, 8), generator=generator, dtype=torch.uint8)
    assert as_sets(picture.repeat(4, 1, 1, 1)) == ({(0, 1), (0, 2), (0, 3)}, set())


def test_even_pictures_are_near_nothing() -> None:
    images = torch.full((3, 1, 8, 8), 100, dtype=torch.uint8)
    images[1], images[2] = 101, 102
    assert as_sets(images) == (set(), set())


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_to_compare(count: int) -> None:
    found = find_duplicates(torch.zeros(count, 1, 8, 8, dtype=torch.uint8))
    assert found.same.shape == found.near.shape == (0, 2)


@pytest.mark.slow
def test_no_two_pictures_of_mnist_are_near() -> None:
    images = torch.cat([load_mnist(split).images for split in ("train", "test")])
    assert as_sets(images) == (set(), set())
