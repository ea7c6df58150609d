from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Literal

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.splits import split_validation, stratified_choice
from thumbnet.errors import DataError

MakeImages = Callable[..., ImageSet]


def _numbered(class_counts: list[int]) -> ImageSet:
    """Return a set whose pixels say which image it was, its classes mixed."""
    labels = torch.repeat_interleave(torch.arange(len(class_counts)), torch.tensor(class_counts))
    labels = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(1))]
    number = torch.arange(len(labels))
    images = torch.stack([number // 256, number % 256], 1).to(torch.uint8)[:, None, None]
    return ImageSet("set train", images, labels, tuple(map(str, range(len(class_counts)))))


def _numbers(images: ImageSet) -> list[int]:
    return [256 * high + low for high, low in images.images[:, 0, 0].tolist()]


def _slow_shares(class_counts: list[int], count: int) -> list[int]:
    """Hamilton's method with exact fractions, one seat at a time."""
    quotas = [Fraction(count * number, sum(class_counts)) for number in class_counts]
    shares = [int(quota) for quota in quotas]
    while sum(shares) < count:
        remainders = [quota - share for quota, share in zip(quotas, shares, strict=True)]
        shares[remainders.index(max(remainders))] += 1
    return shares


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=8).filter(any),
    st.floats(0, 1),
    st.integers(0, 5),
)
def test_choice_takes_the_largest_remainders(
    class_counts: list[int], share: float, seed: int
) -> None:
    images = _numbered(class_counts)
    count = round(share * len(images))
    chosen = stratified_choice(images, count, seed)
    assert chosen.dtype == torch.bool
    counts = torch.bincount(images.labels[chosen], minlength=len(class_counts)).tolist()
    assert counts == _slow_shares(class_counts, count)


@given(
    st.lists(st.integers(5, 40), min_size=2, max_size=6),
    st.floats(0.05, 0.6),
    st.sampled_from(["stratified", "last"]),
)
def test_parts_are_disjoint_complete_and_in_order(
    class_counts: list[int], size: float, method: str
) -> None:
    images = _numbered(class_counts)
    count = round(size * len(images))
    if method == "last" and len(set(images.labels[: len(images) - count].tolist())) < len(
        class_counts
    ):
        with pytest.raises(DataError, match="every image of a class"):
            split_validation(images, size, method=method)
        return
    train, validation = split_validation(images, size, method=method)
    assert len(train) == len(images) - count
    held_out = [] if validation is None else _numbers(validation)
    assert sorted(_numbers(train) + held_out) == list(range(len(images)))
    assert _numbers(train) == sorted(_numbers(train))
    assert held_out == sorted(held_out)
    for part in (train, validation):
        if part is not None:
            assert torch.equal(part.labels, images.labels[_numbers(part)])


def test_same_seed_gives_the_same_cut_and_another_seed_another() -> None:
    images = _numbered([50, 40, 30])
    cuts = [stratified_choice(images, 30, seed) for seed in (3, 3, 4)]
    assert torch.equal(cuts[0], cuts[1])
    assert not torch.equal(cuts[0], cuts[2])


def test_cut_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    split_validation(_numbered([50, 40]), 10)
    assert torch.equal(torch.rand(3), expected)


def test_last_takes_the_last_images() -> None:
    images = _numbered([50, 40])
    for seed in (0, 1):
        train, validation = split_validation(images, 15, seed=seed, method="last")
        assert validation is not None
        assert _numbers(train) == list(range(75))
        assert _numbers(validation) == list(range(75, 90))


@pytest.mark.parametrize(("size", "count"), [(9, 9), (0.1, 9), (0.5, 45), (1, 1)])
def test_size_is_a_number_or_a_fraction(size: float, count: int) -> None:
    _, validation = split_validation(_numbered([50, 40]), size)
    assert validation is not None
    assert len(validation) == count


@pytest.mark.parametrize("size", [0, 0.0, 0.001])
def test_no_images_is_no_validation_set(size: float) -> None:
    images = _numbered([50, 40])
    assert split_validation(images, size) == (images, None)


def test_parts_are_named_after_the_set() -> None:
    train, validation = split_validation(_numbered([5, 4]), 3)
    assert validation is not None
    assert (train.name, validation.name) == ("set train", "set validation")


def test_class_without_training_images_is_an_error_that_names_it(make_images: MakeImages) -> None:
    images = make_images([0, 1] * 8 + [2, 2], num_classes=4)
    message = r"every image of a class\n  got: 2 of 18 images, emptying: c\n(.|\n)*data\.validation"
    with pytest.raises(DataError, match=message):
        split_validation(images, 2, method="last")
    train, _ = split_validation(images, 1, method="last")
    assert train.class_counts() == [8, 8, 1, 0]


@pytest.mark.parametrize("size", [30, 31])
@pytest.mark.parametrize("method", ["stratified", "last"])
def test_holding_out_everything_is_an_error(tiny_images: ImageSet, size: int, method: str) -> None:
    with pytest.raises(DataError, match=r"every image of a class|more images are asked for than"):
        split_validation(tiny_images, size, method=method)


def test_choosing_more_than_there_are_is_an_error(tiny_images: ImageSet) -> None:
    with pytest.raises(DataError, match=r"more images(.|\n)*got: 31\n  expected: at most 30"):
        stratified_choice(tiny_images, 31, 0)
    assert stratified_choice(tiny_images, 30, 0).all()
    assert not stratified_choice(tiny_images, 0, 0).any()


@pytest.mark.parametrize("method", ["stratified", "last"])
@pytest.mark.parametrize("size", [0, 1, 3000, 0.4])
def test_reused_memory_holds_the_same_images_as_a_copy(
    method: Literal["stratified", "last"], size: float, make_images: MakeImages
) -> None:
    images = make_images([0, 1, 2, 1] * 2500)
    expected, expected_validation = split_validation(images, size, method=method)
    memory = images.images.data_ptr()

    rest, validation = split_validation(images, size, method=method, reuse_memory=True)

    assert rest.images.data_ptr() == memory
    assert rest.content_hash == expected.content_hash
    assert (validation and validation.content_hash) == (
        expected_validation and expected_validation.content_hash
    )
