"""MNIST's frame and plain resizing, as modules that export with the network."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from thumbnet.frame.ink_search import (
    CANVAS_PX,
    INK_LEVEL,
    LOWEST_CONTRAST,
    estimate_paper,
    find_ink,
    fit_to_canvas,
    ink_is_dark,
)
from thumbnet.frame.resampling import (
    SIZE_PX,
    Square,
    blur,
    centre_of_mass,
    extent,
    full_weights,
    pixel_centres,
)

BOX_PX = 20
LUMA_16_BIT = (19595, 38470, 7471)

_THUMBNAIL_PX = 32
_EVEN_SHADE, _EVEN_SHARE = 0.04, 0.35
_PAPER_LEVEL, _FULL_LEVEL = 0.12, 0.9
_THINNEST, _THICKEST = 0.03, 0.42


def to_grey(pixels: Tensor) -> Tensor:
    """Return uint8 ``(N, H, W)`` of uint8 ``(N, H, W, C)``, C 1 or 3.

    ITU-R BT.601 in the integer arithmetic of JPEG and of Pillow, so that nothing is rounded two
    ways.
    """
    if pixels.shape[3] == 1:
        return pixels[..., 0]
    red, green, blue = (pixels[..., index].int() * LUMA_16_BIT[index] for index in range(3))
    grey = torch.div(red + green + blue + 2**15, 2**16, rounding_mode="trunc")
    return grey.to(torch.uint8)


def exact_dtype(device: torch.device) -> torch.dtype:
    """Return float64, or float32 on MPS, which has no other.

    Whether a pixel is ink is a comparison: in float32 two libraries may decide a pixel differently,
    and with it the glyph's box.
    """
    return torch.float32 if device.type == "mps" else torch.float64


class MnistFrame(nn.Module):
    """One glyph in a picture of any size → its ink as MNIST would show it.

    Grey uint8 ``(N, H, W)``, dark on light or light on dark → float32 ``(N, 1, 28, 28)`` in
    [0, 255], ink white. A picture that is framed already, as MNIST's own are, comes out as it is.
    """

    size_px = SIZE_PX

    def forward(self, grey: Tensor) -> Tensor:
        """Frame each picture."""
        corner = _first_pixels(grey).float()
        framed = is_framed(grey, corner)
        done: Tensor
        if torch.compiler.is_exporting():
            # A branch in the graph: no search for ink where all of a batch is framed.
            done = torch.cond(framed.all(), _keep_all, _frame_others, (grey, corner, framed))
        else:
            done = (_keep_all if bool(framed.all()) else _frame_others)(grey, corner, framed)
        return done[:, None]


def _keep_all(grey: Tensor, corner: Tensor, framed: Tensor) -> Tensor:
    del grey, framed
    return corner.clone()


def _frame_others(grey: Tensor, corner: Tensor, framed: Tensor) -> Tensor:
    found = frame_grey(grey.to(exact_dtype(grey.device))).float()
    return torch.where(framed[:, None, None], corner, found)


class ResizeFrame(nn.Module):
    """Any picture → ``size_px`` × ``size_px``: bilinear, anti-aliased, the shape not kept.

    uint8 ``(N, H, W, 3)``, or ``(N, H, W)`` where ``channels`` is 1 → float32
    ``(N, channels, size, size)`` in [0, 255].
    """

    def __init__(self, channels: int, size_px: int) -> None:
        super().__init__()
        self.channels = channels
        self.size_px = size_px

    def forward(self, pixels: Tensor) -> Tensor:
        """Resize each picture."""
        if self.channels == 1:
            values = pixels[:, None].float()
        else:
            values = pixels.permute(0, 3, 1, 2).float()
        height, width = values.shape[2:]
        start = values.new_zeros(1)
        rows = full_weights(start, height, self.size_px)
        columns = full_weights(start, width, self.size_px)
        return rows @ values @ columns.transpose(1, 2)


def is_framed(grey: Tensor, corner: Tensor) -> Tensor:
    """Return which pictures are framed as MNIST's: bool ``(N,)``.

    28×28 on black, the ink's longer side 20 pixels, its centre of mass within a pixel and a half of
    the middle.

    Args:
        grey: ``(N, H, W)``, for its size.
        corner: float32 ``(N, 28, 28)``, the first pixels of each. Sums of them are exact.
    """
    places = pixel_centres(SIZE_PX, corner)
    ones = torch.ones_like(places)
    weights = torch.stack(
        [torch.outer(ones, ones), torch.outer(places, ones), torch.outer(ones, places)]
    )
    total, down, right = (corner.flatten(1) @ weights.flatten(1).T).unbind(1)
    total = total.clamp(min=1.0)
    middle = SIZE_PX / 2
    near = ((down / total - middle).abs() <= 1.5) & ((right / total - middle).abs() <= 1.5)
    tall = extent(corner.amax(2) > 0, corner.dtype)[1]
    wide = extent(corner.amax(1) > 0, corner.dtype)[1]
    off_size = torch.full_like(total, grey.shape[1]) - SIZE_PX
    off_size = off_size.abs() + (torch.full_like(total, grey.shape[2]) - SIZE_PX).abs()
    return near & (torch.maximum(tall, wide) == BOX_PX) & (off_size == 0)


def frame_grey(grey: Tensor) -> Tensor:
    """Find the glyph in each of float ``(N, H, W)`` and return it framed, ``(N, 28, 28)``."""
    canvas_square, canvas, inside = fit_to_canvas(grey)
    dark_on_light = ink_is_dark(canvas, inside)
    canvas = torch.where(dark_on_light[:, None, None], canvas, 1 - canvas)
    canvas = blur(canvas, 3) / blur(torch.ones_like(canvas), 3)
    brightest = canvas.amax((1, 2), keepdim=True)
    # No shade lies over a thumbnail or a drawing, whose strokes may be too wide to be closed.
    is_thumbnail = canvas_square.step <= _THUMBNAIL_PX / CANVAS_PX
    is_drawing = (canvas > brightest - _EVEN_SHADE).to(canvas.dtype).mean((1, 2)) > _EVEN_SHARE
    is_even = (is_thumbnail | is_drawing)[:, None, None]
    paper = torch.where(is_even, brightest, estimate_paper(canvas))
    contrast = ((paper - canvas) / paper.clamp(min=0.05)).clamp(min=0.0) * inside
    region, box, centre = find_ink(contrast)
    field = glyph_square(box, centre)
    source = field.through(canvas_square)
    covered = source.cut(torch.ones_like(grey[:, :, :1]).expand_as(grey))
    shade = source.cut(grey) / 255
    shade = torch.where(dark_on_light[:, None, None], shade, covered - shade)
    paper = field.cut(paper) * covered
    ink = ((paper - shade) / paper.clamp(min=0.05)).clamp(min=0.0)
    ink = ink * (1.5 * field.cut(region)).clamp(max=1.0)
    return 255 * even_strokes(full_contrast(ink))


def glyph_square(box: Tensor, centre: Tensor) -> Square:
    """Return the field of 28×28 that shows a box's longer side as 20 pixels about ``centre``."""
    step = torch.maximum(box[:, 2], box[:, 3]).clamp(min=1.0) / BOX_PX
    middle = step * (SIZE_PX / 2)
    return Square(centre[:, 0] - middle, centre[:, 1] - middle, step)


def full_contrast(ink: Tensor) -> Tensor:
    """Stretch ``(N, 28, 28)`` so that the paper is 0 and the full strokes are 1."""
    strongest = ink.flatten(1).topk(16).values.mean(1).clamp(min=LOWEST_CONTRAST / 2)
    share = ink / strongest[:, None, None]
    return ((share - _PAPER_LEVEL) / (_FULL_LEVEL - _PAPER_LEVEL)).clamp(0.0, 1.0)


def even_strokes(ink: Tensor) -> Tensor:
    """Thicken what a thin pen wrote and thin what a thick brush did, gently: ``(N, 28, 28)``."""
    total = ink.sum((1, 2)).clamp(min=1e-3)
    eroded = -functional.max_pool2d(-ink[:, None], 3, 1, 1)[:, 0]
    widened = torch.maximum(ink, (2.2 * blur(ink, 3)).clamp(max=1.0))
    surviving = (eroded.sum((1, 2)) / total)[:, None, None]
    thinner = ((surviving - _THICKEST) / 0.4).clamp(0.0, 0.7)
    thicker = ((_THINNEST - surviving) / _THINNEST).clamp(0.0, 1.0)
    return ink + thinner * (eroded - ink) + thicker * (widened - ink)


def _first_pixels(grey: Tensor) -> Tensor:
    """Return the corner of 28×28 of ``(N, H, W)``; zeros where a picture is smaller."""
    corner = grey[:, :SIZE_PX, :SIZE_PX]
    return functional.pad(corner, (0, SIZE_PX, 0, SIZE_PX))[:, :SIZE_PX, :SIZE_PX]


def frame_ink(ink: Tensor) -> Tensor:
    """Frame ink that is known exactly, see ``reframe``: ``(N, H, W)`` → ``(N, 28, 28)``."""
    exact = torch.zeros(len(ink), 3, device=ink.device)
    return reframe(ink, exact[:, :2], 1 + exact[:, 2])


def reframe(ink: Tensor, shift: Tensor, stretch: Tensor) -> Tensor:
    """Frame ink that is known: float ``(N, H, W)`` in [0, 255] on black → ``(N, 28, 28)``.

    What ``MnistFrame`` does once it has found the ink, for pictures that are only ink.

    Args:
        ink: the pictures.
        shift: ``(N, 2)``, output pixels down and right that the framing is off by.
        stretch: ``(N,)``, factor that the ink's size is off by.
    """
    strongest = ink.flatten(1).amax(1)[:, None, None].clamp(min=1.0)
    mask = ink > INK_LEVEL * strongest
    top, height = extent(mask.amax(2), ink.dtype)
    left, width = extent(mask.amax(1), ink.dtype)
    box = torch.stack([top, left, height, width], 1)
    field = glyph_square(box, torch.stack(centre_of_mass(ink), 1))
    step = field.step / stretch
    middle = field.step * (SIZE_PX / 2)
    rows = field.top + middle - step * (SIZE_PX / 2 + shift[:, 0])
    columns = field.left + middle - step * (SIZE_PX / 2 + shift[:, 1])
    framed = Square(rows, columns, step).cut(ink) / 255
    return 255 * even_strokes(full_contrast(framed))
