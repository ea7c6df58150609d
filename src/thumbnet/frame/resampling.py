"""Cutting fields from pictures, anti-aliased, as products that export with any size of picture."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

SIZE_PX = 28


def tent_weights(start: Tensor, step: Tensor, num_out: int, num_in: int) -> Tensor:
    """Return ``(N, num_out, num_in)``: how much each input pixel counts in each output pixel.

    Linear interpolation where ``step`` is below 1, else anti-aliased by a tent two steps wide.
    Beyond the input there is nothing: the rows of such outputs sum to less than 1.

    Args:
        start: ``(N,)``, where the first output pixel begins, in input pixels.
        step: ``(N,)``, input pixels to an output pixel.
        num_out: output pixels.
        num_in: input pixels.
    """
    places = pixel_centres(num_out, start)
    centres = start[:, None] + places * step[:, None]
    pixels = pixel_centres(num_in, start)
    width = step.clamp(min=1.0)[:, None]
    tents = (1 - (centres[:, :, None] - pixels).abs() / width[:, :, None]).clamp(min=0.0)
    return tents / _tent_sums(centres, width)[:, :, None]


def _tent_sums(centres: Tensor, width: Tensor) -> Tensor:
    """Return what tents about ``centres`` sum to over the pixels of an endless picture.

    That is ``width`` only on average: divided by it, even paper would come out with ripples of up
    to a tenth, as dark as a pencil's line.
    """
    right = (centres - 0.5).ceil() - (centres - 0.5)
    return _side_sum(right, width) + _side_sum(1 - right, width)


def _side_sum(nearest: Tensor, width: Tensor) -> Tensor:
    """Return the sum of a tent over pixels at ``nearest``, ``nearest`` + 1 and so on."""
    num = (width - nearest).floor() + 1
    return num - (num * nearest + num * (num - 1) / 2) / width


def clamped_weights(centres: Tensor, step: Tensor, num_in: int) -> Tensor:
    """Return tent weights ``(N, num_out, num_in)`` about ``centres``, the edge repeated beyond."""
    pixels = pixel_centres(num_in, centres)
    last = torch.full_like(step, num_in)[:, None] - 0.5
    width = step.clamp(min=1.0)[:, None, None]
    nearest = torch.minimum(centres.clamp(min=0.5), last)
    weights = (1 - (nearest[:, :, None] - pixels).abs() / width).clamp(min=0.0)
    return weights / weights.sum(2, keepdim=True)


def full_weights(start: Tensor, num_in: int, num_out: int) -> Tensor:
    """Return tent weights ``(N, num_out, num_in)`` that resize a whole axis from ``start``."""
    step = torch.full_like(start, num_in) / num_out
    weights = tent_weights(start, step, num_out, num_in)
    return weights / weights.sum(2, keepdim=True)


@dataclass(frozen=True)
class Square:
    """A square field in each of N pictures: ``(N,)`` each, in that picture's pixels."""

    top: Tensor
    left: Tensor
    step: Tensor

    def cut(self, pictures: Tensor, size_px: int = SIZE_PX) -> Tensor:
        """Return the field of float ``(N, H, W)`` as ``(N, size_px, size_px)``; zeros outside."""
        height, width = pictures.shape[1:]
        rows = tent_weights(self.top, self.step, size_px, height)
        columns = tent_weights(self.left, self.step, size_px, width)
        return rows @ pictures @ columns.transpose(1, 2)

    def through(self, canvas: Square) -> Square:
        """Return this field of what ``canvas`` cuts as a field of the picture itself."""
        return Square(
            canvas.top + self.top * canvas.step,
            canvas.left + self.left * canvas.step,
            self.step * canvas.step,
        )


def blur(values: Tensor, size: int) -> Tensor:
    """Mean over ``size`` × ``size``, zeros outside, of square ``(N, L, L)``; ``size`` is odd.

    Sizes of a power of two and one are sums of shifted pictures: for a small size a quarter of the
    time of the two products that the others are, and rounded alike by every library.
    """
    reach = size // 2
    if (size - 1) & (size - 2) == 0:
        padded = functional.pad(values, (reach,) * 4)
        return _sum_after(_sum_after(padded, size).transpose(1, 2), size).transpose(1, 2) / size**2
    places = pixel_centres(values.shape[1], values)
    near = ((places[:, None] - places).abs() <= reach).to(values.dtype) / size
    return near @ values @ near


def _sum_after(values: Tensor, size: int) -> Tensor:
    """Return the sum of each and the next ``size`` - 1 of ``(N, L + size - 1, …)``."""
    total, length = values, 1
    while 2 * length < size:
        total = total[:, :-length] + total[:, length:]
        length *= 2
    return total[:, :-1] + values[:, length:]


def extent(filled: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return first index and length, ``(N,)`` of ``dtype``, of what spans the true ``(N, L)``."""
    numbers = torch.arange(filled.shape[1], device=filled.device, dtype=dtype)
    outside = torch.full_like(numbers, 2**20)
    first = torch.where(filled, numbers, outside).amin(1)
    last = torch.where(filled, numbers, -outside).amax(1)
    return first, (last - first + 1).clamp(min=0.0)


def centre_of_mass(ink: Tensor) -> tuple[Tensor, Tensor]:
    """Return how far down and right of the corner the ink's centre is, in pixels, ``(N,)``."""
    total = ink.sum((1, 2)).clamp(min=1e-6)
    rows, columns = pixel_centres(ink.shape[1], ink), pixel_centres(ink.shape[2], ink)
    return (ink.sum(2) * rows).sum(1) / total, (ink.sum(1) * columns).sum(1) / total


def pixel_centres(length: int, like: Tensor) -> Tensor:
    """Return the places of pixel centres, 0.5 to ``length`` - 0.5, of the type of ``like``."""
    return torch.arange(length, device=like.device, dtype=like.dtype) + 0.5
