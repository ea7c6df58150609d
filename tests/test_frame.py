"""The frame's parts against slow loops, Pillow and scipy; whole pages are in their own file."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from torch import Tensor

from thumbnet import frame
from thumbnet.datasets.mnist import load_mnist
from thumbnet.frame import MnistFrame, ResizeFrame, Square, tent_weights

NUM_DIGITS = 200
SHAPES = [(1, 1), (1, 9), (40, 1), (3, 2), (28, 28), (27, 29), (150, 40)]


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _random(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape, generator=_generator(), dtype=torch.uint8)


def _as_rgb(grey: Tensor) -> Tensor:
    return grey[..., None].expand(*grey.shape, 3)


@pytest.fixture(scope="module")
def digits() -> Tensor:
    """uint8 ``(200, 28, 28)``, MNIST's own."""
    return load_mnist("train").images[:NUM_DIGITS, 0]


def test_grey_is_pillows_exactly() -> None:
    pixels = _random(3, 40, 50, 3)
    for picture, grey in zip(pixels, frame.to_grey(pixels), strict=True):
        expected = np.asarray(Image.fromarray(picture.numpy()).convert("L"))
        np.testing.assert_array_equal(grey.numpy(), expected)
    assert frame.to_grey(pixels).dtype == torch.uint8


def test_grey_of_grey_is_itself() -> None:
    values = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16)
    assert torch.equal(frame.to_grey(_as_rgb(values)), values)
    assert torch.equal(frame.to_grey(values[..., None]), values)


@pytest.mark.parametrize(
    ("start", "step", "num_out", "num_in"),
    [(0.0, 1.0, 6, 6), (0.0, 2.5, 4, 10), (-1.3, 0.4, 9, 5), (2.2, 3.7, 5, 12), (-4.0, 1.5, 8, 3)],
)
def test_tent_weights_equal_a_slow_loop(
    start: float, step: float, num_out: int, num_in: int
) -> None:
    place = torch.tensor([[start], [step]], dtype=torch.float64)
    found = tent_weights(place[0], place[1], num_out, num_in)

    def tent(distance: float) -> float:
        return max(0.0, 1 - abs(distance) / max(step, 1.0))

    for out in range(num_out):
        centre = start + (out + 0.5) * step
        for index in range(num_in):
            expected = tent(centre - (index + 0.5)) / sum(
                tent(centre - (other + 0.5)) for other in range(-50, 50)
            )
            assert float(found[0, out, index]) == pytest.approx(expected, abs=1e-12)


def test_tent_weights_sum_to_one_inside_and_to_less_at_an_edge() -> None:
    # Steps that are no whole numbers too: else even paper would get ripples.
    step = torch.tensor([0.5, 1.0, 1.1, 1.5, 1.9, 2.0, 2.6, 4.0], dtype=torch.float64)
    sums = tent_weights(torch.full_like(step, 0.3), step, 8, 60).sum(2)
    torch.testing.assert_close(sums[:, 2:], torch.ones(8, 6).double(), rtol=0, atol=1e-12)
    edge = tent_weights(torch.zeros_like(step), step, 8, 60).sum(2)[:, 0]
    assert torch.equal(edge < 1 - 1e-9, step != 1)
    assert not tent_weights(step[:1] * 0 + 70, step[:1], 3, 60).any()


def test_field_of_another_size_equals_pillows_reduction() -> None:
    picture = _random(1, 84, 112)
    square = Square(*torch.tensor([[14.0], [28.0], [2.0]]).double())
    found = square.cut(picture.double(), 28)[0]
    image = Image.fromarray(picture[0].numpy()).convert("F")
    expected = image.resize((28, 28), Image.Resampling.BILINEAR, box=(28, 14, 84, 70))
    # Pillow cuts the tents off at the box, so its outermost pixels see less.
    inside = (slice(1, -1), slice(1, -1))
    np.testing.assert_allclose(found[inside], np.asarray(expected)[inside], rtol=0, atol=1e-3)


def test_field_outside_of_the_picture_is_empty() -> None:
    square = Square(*torch.tensor([[-30.0], [5.0], [1.0]]).double())
    assert not square.cut(torch.full((1, 20, 20), 9.0).double(), 28).any()


def test_field_within_a_field_is_the_field() -> None:
    outer = Square(*torch.tensor([[-3.0, 2.0], [4.0, 1.0], [1.0, 2.0]]).double())
    inner = Square(*torch.tensor([[5.0, 8.0], [6.0, 3.0], [2.0, 4.0]]).double())
    back = inner.through(outer)
    for name in ("top", "left"):
        relative = (getattr(back, name) - getattr(outer, name)) / outer.step
        torch.testing.assert_close(relative, getattr(inner, name))
    torch.testing.assert_close(back.step, torch.tensor([2.0, 8.0]).double())


def test_mnists_own_pictures_stay_as_they_are(digits: Tensor) -> None:
    assert torch.equal(MnistFrame()(digits)[:, 0], digits.float())
    assert bool(frame.is_framed(digits, digits.float()).all())


def test_pictures_that_are_framed_stay_among_others_that_are_not(digits: Tensor) -> None:
    mixed = digits[:6].clone()
    mixed[::2] = 255 - mixed[::2]
    result = MnistFrame()(mixed)[:, 0]
    assert torch.equal(result[1::2], digits[1:6:2].float())


@pytest.mark.parametrize("change", ["shifted", "smaller", "larger canvas", "inverted", "wide"])
def test_what_is_not_quite_mnists_is_not_framed(digits: Tensor, change: str) -> None:
    changed = {
        "shifted": digits.roll(3, 2),
        "smaller": torch.nn.functional.pad(digits[:, ::2, ::2], (7, 7, 7, 7)),
        "larger canvas": torch.nn.functional.pad(digits, (0, 1, 0, 1)),
        "inverted": 255 - digits,
        "wide": torch.nn.functional.pad(digits, (0, 28)),
    }[change]
    assert not frame.is_framed(changed, changed[:, :28, :28].float()).any()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("level", [0, 1, 128, 254, 255])
def test_even_picture_has_no_ink(shape: tuple[int, int], level: int) -> None:
    result = MnistFrame()(torch.full((2, *shape), level, dtype=torch.uint8))
    assert torch.equal(result, torch.zeros(2, 1, 28, 28))


@pytest.mark.parametrize("shape", SHAPES)
def test_picture_of_any_shape_gives_finite_values_in_range(shape: tuple[int, int]) -> None:
    for pixels in (_random(3, *shape), 255 * (_random(3, *shape) // 128)):
        result = MnistFrame()(pixels)
        assert (result.shape, result.dtype) == ((3, 1, 28, 28), torch.float32)
        assert bool(((result >= 0) & (result <= 255)).all())


def test_batch_is_framed_as_its_pictures_alone(digits: Tensor) -> None:
    pages = torch.nn.functional.pad(255 - digits[:8], (9, 3, 2, 20), value=255)
    together = MnistFrame()(pages)
    alone = torch.cat([MnistFrame()(page[None]) for page in pages])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-3)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(11, 14), (28, 28), (60, 33), (5, 90), (1, 1)])
def test_resized_picture_equals_pillows(channels: int, shape: tuple[int, int]) -> None:
    pixels = _random(2, *shape, 3)
    shown = frame.to_grey(pixels) if channels == 1 else pixels
    result = ResizeFrame(channels, 28)(shown)
    assert result.shape == (2, channels, 28, 28)
    for picture, found in zip(pixels, result, strict=True):
        image = Image.fromarray(picture.numpy()).convert("RGB" if channels == 3 else "L")
        resized = np.asarray(image.resize((28, 28), Image.Resampling.BILINEAR)).astype(float)
        expected = resized.reshape(28, 28, channels).transpose(2, 0, 1)
        np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1)


def test_picture_of_the_right_size_is_not_touched_by_resizing() -> None:
    pixels = _random(2, 28, 28, 3)
    assert torch.equal(ResizeFrame(3, 28)(pixels), pixels.permute(0, 3, 1, 2).float())


@pytest.mark.parametrize(("gap", "is_linked"), [(0, True), (1, True), (2, True), (3, False)])
def test_cells_are_linked_over_gaps_of_two(gap: int, is_linked: bool) -> None:
    density = torch.zeros(1, 1, 32, 32)
    density[0, 0, 10:14, 3:6] = 1.0
    density[0, 0, 12, 6 + gap] = 0.2
    expected = density > 0
    expected[0, 0, 12, 6 + gap] = is_linked
    assert torch.equal(frame.glyph_cells(density) > 0, expected)


def test_chain_of_cells_is_followed_and_far_ones_are_left() -> None:
    density = torch.zeros(1, 1, 32, 32)
    density[0, 0, 2:5, 2:5] = 1.0
    chain = [(4 + 3 * step, 4 + 3 * step) for step in range(1, 9)]
    for row, column in chain:
        density[0, 0, row, column] = 0.1
    density[0, 0, 30, 2] = 0.9
    reached = frame.glyph_cells(density)[0, 0]
    assert all(reached[row, column] == 1 for row, column in chain)
    assert reached[30, 2] == 0


def test_known_ink_is_framed_about_its_centre_of_mass(digits: Tensor) -> None:
    ink = torch.nn.functional.pad(digits.float(), (20, 3, 1, 15))
    framed = frame.frame_ink(ink)
    assert framed.shape == (NUM_DIGITS, 28, 28)
    centres = np.array([ndimage.center_of_mass(picture) for picture in framed.numpy()]) + 0.5
    assert np.abs(centres - 14).max() < 1.0
    assert torch.equal(frame.frame_ink(ink[:3]), framed[:3])


def test_reframing_is_off_by_what_was_asked(digits: Tensor) -> None:
    ink, zeros = digits[:40].float(), torch.zeros(40)
    plain = frame.frame_ink(ink).numpy()
    moved = frame.reframe(ink, torch.stack([zeros + 2, zeros - 1], 1), zeros + 1).numpy()
    expected = np.zeros_like(plain)
    expected[:, 2:, :-1] = plain[:, :-2, 1:]
    np.testing.assert_allclose(moved[:, 2:, :-1], expected[:, 2:, :-1], rtol=0, atol=2)
    larger = frame.reframe(ink, torch.stack([zeros, zeros], 1), zeros + 1.2).numpy()
    spread = [np.ptp(np.nonzero(picture > 100)[0]) + 1 for picture in (*plain, *larger)]
    assert np.mean(spread[40:]) / np.mean(spread[:40]) == pytest.approx(1.2, abs=0.06)


def test_no_ink_is_framed_as_none() -> None:
    assert not frame.frame_ink(torch.zeros(2, 28, 28)).any()
