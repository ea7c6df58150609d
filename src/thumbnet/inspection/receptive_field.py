"""Where the values of a layer look at the picture, by arithmetic along one axis.

Follows Araujo, Norris and Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks"
(Distill, doi 10.23915/distill.00021), with the picture's first pixel at 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Window:
    """How a convolution or a pooling moves along one axis.

    Attributes:
        kernel: values that it combines.
        stride: values from one place to the next.
        before: padding in front of the first value; negative where values are cut off.
        after: padding behind the last value.
        dilation: values from one tap of the kernel to the next.
        transposed: it spreads each value over ``kernel`` places, and the next one ``stride`` later.
        output_padding: places that a transposed convolution adds at the end.
        ceil: a last, incomplete place counts.
    """

    kernel: int
    stride: int = 1
    before: int = 0
    after: int = 0
    dilation: int = 1
    transposed: bool = False
    output_padding: int = 0
    ceil: bool = False

    @property
    def extent(self) -> int:
        """Values from the first tap of the kernel to the last, both included."""
        return self.dilation * (self.kernel - 1) + 1


@dataclass(frozen=True)
class Placement:
    """The receptive fields of all places along one axis of the picture.

    Place ``i`` along dimension ``dim`` of a tensor sees ``size`` pixels around the pixel
    ``centre + i · jump``. They may lie outside the picture, where the padding is.

    Attributes:
        dim: the dimension of the tensor that runs along the picture's axis.
        size: pixels; None if places differ, as they do behind a transposed convolution.
        jump: pixels from one place to the next, also called the effective stride.
        centre: of the first place; 0 is the first pixel, 0.5 lies between the first and the second.
    """

    dim: int
    size: int | None = 1
    jump: Fraction = Fraction(1)
    centre: Fraction = Fraction(0)

    def through(self, window: Window) -> Placement:
        """Return the placement of what ``window`` makes of these values."""
        first = Fraction(window.extent - 1, 2) - window.before
        if window.transposed:
            return self.resized(Fraction(1, window.stride), -first / window.stride)
        grown = None if self.size is None else self.size + (window.extent - 1) * abs(self.jump)
        return Placement(
            self.dim,
            None if grown is None else int(grown),
            self.jump * window.stride,
            self.centre + first * self.jump,
        )

    def resized(self, step: Fraction, first: Fraction) -> Placement:
        """Return the placement of places between the values: ``first``, ``first + step``, …."""
        return Placement(self.dim, None, self.jump * step, self.centre + first * self.jump)

    def picked(self, dim: int, first: int, step: int) -> Placement:
        """Return the placement of the values ``first``, ``first + step``, … along ``dim``."""
        return Placement(dim, self.size, self.jump * step, self.centre + first * self.jump)

    def union(self, other: Placement) -> Placement | None:
        """Return the smallest placement that holds both, or None if they do not run alike."""
        if self == other:
            return self
        if (self.dim, self.jump) != (other.dim, other.jump):
            return None
        if self.size is None or other.size is None:
            same = self.centre == other.centre
            return Placement(self.dim, None, self.jump, self.centre) if same else None
        first = min(self.centre - Fraction(self.size, 2), other.centre - Fraction(other.size, 2))
        last = max(self.centre + Fraction(self.size, 2), other.centre + Fraction(other.size, 2))
        return Placement(self.dim, int(last - first), self.jump, (first + last) / 2)


@dataclass(frozen=True)
class AxisField:
    """The receptive field of a layer's values along one axis of the picture, in pixels.

    Attributes:
        size: by the arithmetic, padding included, so that it may exceed the picture. Where places
            differ, the largest number of pixels of the picture that one of them sees. None if the
            field is not known, 0 if no pixel is seen.
        jump: from one place to the next; None if they do not lie at even distances.
        centre: of the first place's field; None like ``jump``.
        seen: the first and the last pixel of the picture that the place in the middle sees, as the
            picture's edges allow; None if that is not known, or nothing.
        covered: the first and the last pixel that any place sees.
    """

    size: int | None
    jump: Fraction | None = None
    centre: Fraction | None = None
    seen: tuple[int, int] | None = None
    covered: tuple[int, int] | None = None
