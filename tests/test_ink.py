"""Random changes of ink: what each does, how much, and that the generator alone decides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from thumbnet import ink
from thumbnet.datasets.mnist import load_mnist

Change = Callable[[Tensor, torch.Generator], Tensor]

# Each as strong as it gets, and each with nothing to do.
STRONG: dict[str, Change] = {
    "stroke width": lambda images, generator: ink.random_stroke_width(images, generator, 1.5),
    "resolution": lambda images, generator: ink.random_resolution(images, generator, 6, 1.0),
    "blur": lambda images, generator: ink.random_blur(images, generator, 1.0),
    "gaps": lambda images, generator: ink.random_gaps(images, generator, 1.0),
    "noise": lambda images, generator: ink.random_noise(images, generator, 60.0),
    "neighbours": lambda images, generator: ink.random_neighbours(images, generator, 1.0),
}
NONE: dict[str, Change] = {
    "stroke width": lambda images, generator: ink.random_stroke_width(images, generator, 0.0),
    "resolution": lambda images, generator: ink.random_resolution(images, generator, 6, 0.0),
    "blur": lambda images, generator: ink.random_blur(images, generator, 0.0),
    "gaps": lambda images, generator: ink.random_gaps(images, generator, 0.0),
    "neighbours": lambda images, generator: ink.random_neighbours(images, generator, 0.0),
}


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _totals(images: Tensor) -> Tensor:
    return images.sum((1, 2, 3))


@pytest.fixture(scope="module")
def digits() -> Tensor:
    """float32 ``(200, 1, 28, 28)`` in [0, 255]."""
    return load_mnist("train").images[:200].float()


@pytest.fixture
def draws_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that fixes every uniform draw."""

    def fix(value: float) -> None:
        monkeypatch.setattr(torch, "rand", lambda *size, **_: torch.full(_shape(size), value))

    return fix


def _shape(size: tuple[object, ...]) -> tuple[int, ...]:
    return size[0] if isinstance(size[0], tuple) else size  # type: ignore[return-value]


@pytest.mark.parametrize("name", STRONG)
def test_change_keeps_shape_and_range_and_its_input(digits: Tensor, name: str) -> None:
    before = digits.clone()
    result = STRONG[name](digits, _generator())
    assert (result.shape, result.dtype) == (digits.shape, torch.float32)
    assert float(result.min()) >= 0
    assert float(result.max()) <= 255.001
    assert torch.equal(digits, before)


@pytest.mark.parametrize("name", STRONG)
def test_generator_alone_decides(digits: Tensor, name: str) -> None:
    first = STRONG[name](digits, _generator(1))
    torch.rand(5)
    assert torch.equal(STRONG[name](digits, _generator(1)), first)
    assert not torch.equal(STRONG[name](digits, _generator(2)), first)


@pytest.mark.parametrize("name", NONE)
def test_nothing_asked_for_changes_nothing(digits: Tensor, name: str) -> None:
    assert torch.equal(NONE[name](digits, _generator()), digits)


@pytest.mark.parametrize("name", STRONG)
def test_share_of_one_changes_nearly_every_picture(digits: Tensor, name: str) -> None:
    changed = (STRONG[name](digits, _generator()) - digits).abs().amax((1, 2, 3)) > 1
    # A neighbour may be too far off, a line beside the strokes, a stroke too thin to be narrowed.
    assert float(changed.float().mean()) > 0.6


@pytest.mark.parametrize("name", ["random_blur", "random_gaps", "random_neighbours"])
def test_share_is_the_part_that_changes(digits: Tensor, name: str) -> None:
    change = getattr(ink, name)
    many = digits.repeat(5, 1, 1, 1)
    whole, part = (
        float((change(many, _generator(), share) != many).any(3).any(2).float().mean())
        for share in (1.0, 0.3)
    )
    # Four standard deviations of a share of 0.3 among 1000.
    assert abs(part / whole - 0.3) < 0.06


@pytest.mark.parametrize("name", STRONG)
def test_blank_pictures_stay_blank(name: str) -> None:
    assert not STRONG[name](torch.zeros(20, 1, 28, 28), _generator()).any()


def test_wider_strokes_have_more_ink_and_narrower_ones_less(
    digits: Tensor, draws_of: Callable[[float], None]
) -> None:
    draws_of(1.0)
    wider = ink.random_stroke_width(digits, _generator(), 1.0)
    # Widening by one pixel on each side is grey dilation.
    expected = ndimage.grey_dilation(digits[:, 0].numpy(), (1, 3, 3))
    torch.testing.assert_close(wider[:, 0], torch.from_numpy(expected))
    draws_of(0.75)
    half = ink.random_stroke_width(digits, _generator(), 1.0)
    torch.testing.assert_close(half, (digits + wider) / 2)
    draws_of(0.0)
    narrower = ink.random_stroke_width(digits, _generator(), 1.0)
    assert bool((narrower <= digits).all())
    assert bool((_totals(narrower) <= _totals(digits)).all())
    assert float((_totals(narrower) / _totals(digits)).mean()) < 0.95


@pytest.mark.parametrize("max_px", [1.0, 2.0, 4.0])
def test_narrowed_strokes_never_vanish(
    digits: Tensor, draws_of: Callable[[float], None], max_px: float
) -> None:
    draws_of(0.0)
    left = _totals(ink.random_stroke_width(digits, _generator(), max_px)) / _totals(digits)
    assert float(left.min()) > 0.05
    thin = torch.zeros(1, 1, 28, 28)
    thin[..., 4:24, 14] = 255
    assert torch.equal(ink.random_stroke_width(thin, _generator(), max_px), thin)


def test_coarse_scan_removes_detail_and_keeps_the_middle(
    digits: Tensor, draws_of: Callable[[float], None]
) -> None:
    draws_of(0.5)  # Neither binary nor at either end.
    stripes = torch.zeros(1, 1, 28, 28)
    stripes[..., 4:24, 4:24:2] = 255
    assert float(ink.random_resolution(stripes, _generator(), 4, 1.0)[..., 8:20, 8:20].std()) < 40
    result = ink.random_resolution(digits, _generator(), 6, 1.0)
    detail = [(images[..., 1:] - images[..., :-1]).abs().sum() for images in (result, digits)]
    assert detail[0] < 0.8 * detail[1]
    for found, digit in zip(result[:30, 0], digits[:30, 0], strict=True):
        before, after = (ndimage.center_of_mass(image.numpy()) for image in (digit, found))
        assert after == pytest.approx(before, abs=0.5)


def test_half_of_the_coarse_scans_are_binary(digits: Tensor) -> None:
    # At 20 pixels to 20 nothing is lost but grey.
    result = ink.random_resolution(digits, _generator(), 20, 1.0)
    binary = ((result < 1) | (result > 254)).flatten(1).all(1)
    assert abs(float(binary.float().mean()) - 0.5) < 0.15
    torch.testing.assert_close(result[~binary], digits[~binary], rtol=0, atol=0.01)
    assert torch.equal(result[binary] > 128, digits[binary] > 0.4 * 255)


def test_blur_keeps_the_ink_and_lowers_its_peaks(digits: Tensor) -> None:
    # Away from the edges, where what is blurred out of the picture is lost.
    inner = torch.nn.functional.pad(digits, (4, 4, 4, 4))
    result = ink.random_blur(inner, _generator(), 1.0)
    torch.testing.assert_close(_totals(result), _totals(inner), rtol=1e-3, atol=0)
    assert bool(((result**2).sum((1, 2, 3)) < (inner**2).sum((1, 2, 3))).all())


def test_gap_takes_ink_along_one_straight_line_only() -> None:
    full = torch.full((100, 1, 28, 28), 255.0)
    missing = 255 - ink.random_gaps(full, _generator(), 1.0)
    assert bool((missing >= 0).all())
    for picture in missing[:, 0].numpy():
        rows, columns = picture.nonzero()
        assert 15 < len(rows) <= 130
        places = torch.tensor([rows.tolist(), columns.tolist()], dtype=torch.float64)
        spread = torch.linalg.eigvalsh(torch.cov(places))
        # All within about 2 px of a line, which is longer than 10.
        assert float(spread[0]) ** 0.5 < 1.2
        assert float(spread[1]) ** 0.5 > 4


def test_gap_never_adds_ink(digits: Tensor) -> None:
    assert bool((ink.random_gaps(digits, _generator(), 1.0) <= digits).all())


def test_noise_stays_near_the_ink_and_varies_the_darkness(digits: Tensor) -> None:
    result = ink.random_noise(digits, _generator(), 60.0)
    near = ndimage.binary_dilation(digits[:, 0].numpy() > 0, np.ones((1, 5, 5)))
    assert not result[:, 0][torch.from_numpy(~near)].any()
    quiet = ink.random_noise(digits, _generator(), 0.0)
    factors = quiet.amax((1, 2, 3)) / digits.amax((1, 2, 3))
    assert float(factors.min()) >= 0.7
    assert float(factors.max()) <= 1.0
    assert float(factors.max() - factors.min()) > 0.2
    torch.testing.assert_close(quiet, digits * factors[:, None, None, None])


def test_neighbour_reaches_in_from_one_side_only(digits: Tensor) -> None:
    result = ink.random_neighbours(digits, _generator(), 1.0)
    assert bool((result >= digits).all())
    added = (result - digits)[:, 0].sum(1) > 0
    left, right = added[:, :14].any(1), added[:, 14:].any(1)
    assert not bool((left & right).any())
    assert bool(left.any())
    assert bool(right.any())
    # Shifted by at least 0.6 of the width, so that the middle stays free.
    assert not bool(added[:, 11:17].any())


@pytest.mark.parametrize(("draw", "moved_px"), [(0.0, 16.8), (0.75, -22.05)])
def test_neighbour_is_the_picture_before_in_the_batch(
    digits: Tensor, draws_of: Callable[[float], None], draw: float, moved_px: float
) -> None:
    # The draw chooses the side too.
    draws_of(draw)
    some = digits[:5]
    result = ink.random_neighbours(some, _generator(), 1.0)
    for index in range(5):
        # Padded, so that scipy interpolates at the edge too.
        beside = ndimage.shift(np.pad(some[index - 1, 0].numpy(), 28), (0, moved_px), order=1)
        moved = torch.from_numpy(beside[28:56, 28:56])
        expected = torch.maximum(some[index, 0], moved)
        torch.testing.assert_close(result[index, 0], expected, rtol=0, atol=0.01)
