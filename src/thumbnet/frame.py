"""Pictures of any size to what a network takes, as modules that export with the network.

``MnistFrame`` does to one glyph what was done to MNIST's (LeCun, Cortes and Burges, "The MNIST
database of handwritten digits"): its ink fitted to 20×20 pixels with its shape kept, anti-aliased,
in a field of 28×28 about its centre of mass. Ink is white, paper black. ``ResizeFrame`` is for
everything that is no glyph.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

SIZE_PX, BOX_PX = 28, 20
CANVAS_PX, CELLS = 128, 32
CELL_PX = CANVAS_PX // CELLS
"""The picture is fitted to a canvas of this size to find its ink, and to cells to connect it."""
LUMA_16_BIT = (19595, 38470, 7471)

_LOWEST_CONTRAST = 0.06
_INK_LEVEL = 0.3
_THUMBNAIL_PX = 32
_EVEN_SHADE, _EVEN_SHARE = 0.04, 0.35
_BELOW_ALL = -10.0
_PAPER_LEVEL, _FULL_LEVEL = 0.12, 0.9
_CROWD_CELLS, _DENSE_SHARE = 9, 0.35
_GROWTH_CELLS, _GROWTH_STEPS = 7, 8
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

    Whether a pixel is ink is a comparison: in float32 two libraries would decide one pixel in a
    million differently, and with it the glyph's box.
    """
    return torch.float32 if device.type == "mps" else torch.float64


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
    places = _centres(num_out, start)
    centres = start[:, None] + places * step[:, None]
    pixels = _centres(num_in, start)
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

    def within(self, other: Square) -> Square:
        """Return this field in the output pixels of ``other``."""
        return Square(
            (self.top - other.top) / other.step,
            (self.left - other.left) / other.step,
            self.step / other.step,
        )


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
        rows = _full_weights(start, height, self.size_px)
        columns = _full_weights(start, width, self.size_px)
        return rows @ values @ columns.transpose(1, 2)


def is_framed(grey: Tensor, corner: Tensor) -> Tensor:
    """Return which pictures are framed as MNIST's: bool ``(N,)``.

    28×28 on black, the ink's longer side 20 pixels, its centre of mass within a pixel and a half of
    the middle.

    Args:
        grey: ``(N, H, W)``, for its size.
        corner: float32 ``(N, 28, 28)``, the first pixels of each. Sums of them are exact.
    """
    places = _centres(SIZE_PX, corner)
    ones = torch.ones_like(places)
    weights = torch.stack(
        [torch.outer(ones, ones), torch.outer(places, ones), torch.outer(ones, places)]
    )
    total, down, right = (corner.flatten(1) @ weights.flatten(1).T).unbind(1)
    total = total.clamp(min=1.0)
    middle = SIZE_PX / 2
    near = ((down / total - middle).abs() <= 1.5) & ((right / total - middle).abs() <= 1.5)
    tall = _extent(corner.amax(2) > 0, corner.dtype)[1]
    wide = _extent(corner.amax(1) > 0, corner.dtype)[1]
    off_size = torch.full_like(total, grey.shape[1]) - SIZE_PX
    off_size = off_size.abs() + (torch.full_like(total, grey.shape[2]) - SIZE_PX).abs()
    return near & (torch.maximum(tall, wide) == BOX_PX) & (off_size == 0)


def frame_grey(grey: Tensor) -> Tensor:
    """Find the glyph in each of float ``(N, H, W)`` and return it framed, ``(N, 28, 28)``."""
    canvas_square, canvas, inside = fit_to_canvas(grey)
    dark_on_light = ink_is_dark(canvas, inside)
    canvas = torch.where(dark_on_light[:, None, None], canvas, 1 - canvas)
    canvas = _blur(canvas, 3) / _blur(torch.ones_like(canvas), 3)
    brightest = canvas.amax((1, 2), keepdim=True)
    # No shade lies over a thumbnail or a drawing, whose strokes may be too wide to be closed.
    is_thumbnail = canvas_square.step <= _THUMBNAIL_PX / CANVAS_PX
    is_drawing = (canvas > brightest - _EVEN_SHADE).to(canvas.dtype).mean((1, 2)) > _EVEN_SHARE
    is_even = (is_thumbnail | is_drawing)[:, None, None]
    paper = torch.where(is_even, brightest, estimate_paper(canvas))
    contrast = ((paper - canvas) / paper.clamp(min=0.05)).clamp(min=0.0) * inside
    region, box, centre = find_ink(contrast)
    field = glyph_square(box, centre)
    source = Square(
        canvas_square.top + field.top * canvas_square.step,
        canvas_square.left + field.left * canvas_square.step,
        field.step * canvas_square.step,
    )
    covered = source.cut(torch.ones_like(grey[:, :, :1]).expand_as(grey))
    shade = source.cut(grey) / 255
    shade = torch.where(dark_on_light[:, None, None], shade, covered - shade)
    paper = field.cut(paper) * covered
    ink = ((paper - shade) / paper.clamp(min=0.05)).clamp(min=0.0)
    ink = ink * (1.5 * field.cut(region)).clamp(max=1.0)
    return 255 * even_strokes(full_contrast(ink))


def fit_to_canvas(grey: Tensor) -> tuple[Square, Tensor, Tensor]:
    """Return the canvas as a field of the picture, the picture on it in [0, 1], and where it is.

    The longer side fills the canvas; what is beside the picture repeats its edge, and ``inside``,
    bool as float ``(N, 128, 128)``, is 0 there.
    """
    height, width = grey.shape[1:]
    zeros = torch.zeros_like(grey[:, 0, 0])
    tall, wide = torch.full_like(zeros, height), torch.full_like(zeros, width)
    step = torch.maximum(tall, wide) / CANVAS_PX
    middle = step * (CANVAS_PX / 2)
    square = Square(tall / 2 - middle, wide / 2 - middle, step)
    places = _centres(CANVAS_PX, grey)
    down = square.top[:, None] + places * step[:, None]
    across = square.left[:, None] + places * step[:, None]
    in_rows, in_columns = (
        (down > 0) & (down < tall[:, None]),
        (across > 0) & (across < wide[:, None]),
    )
    inside = (in_rows[:, :, None] & in_columns[:, None, :]).to(grey.dtype)
    rows = _clamped_weights(down, step, height)
    columns = _clamped_weights(across, step, width)
    return square, rows @ grey @ columns.transpose(1, 2) / 255, inside


def ink_is_dark(canvas: Tensor, inside: Tensor) -> Tensor:
    """Return bool ``(N,)``: whether the ink is darker than the paper.

    Ink is the minority: against the mean of their neighbourhood, the values lean towards it; and
    the picture's border shows paper.
    """
    mean = _blur(canvas * inside, 63) / _blur(inside, 63).clamp(min=1e-3)
    detail = (canvas - mean) * inside
    area = inside.sum((1, 2))
    deviation = ((detail**2).sum((1, 2)) / area).sqrt().clamp(min=1e-4)
    skew = (detail**3).sum((1, 2)) / area / deviation**3
    edge = inside * (_blur(inside, 9) < 0.999)
    border = (detail * edge).sum((1, 2)) / edge.sum((1, 2)).clamp(min=1.0) / deviation
    # A picture without any lean, such as an even one, is decided alike whatever is rounded how.
    return skew - 2 * border < 1e-6


def estimate_paper(canvas: Tensor) -> Tensor:
    """Return what the paper would be without the ink, ``(N, 128, 128)``: a grey closing.

    Strokes narrower than a quarter of the canvas are closed; a shadow keeps its edge.
    """
    widened = _largest_nearby(canvas)
    return -_largest_nearby(-widened)


def _largest_nearby(values: Tensor) -> Tensor:
    """Return the maximum over 33 × 33 of ``(N, L, L)`` in [-1, 1], by 5, 5 and 3 values an axis."""
    for taps, step in ((5, 1), (5, 5), (3, 4)):
        margin = taps // 2 * step
        padded = functional.pad(values, (margin,) * 4, value=_BELOW_ALL)
        values = functional.max_pool2d(padded[:, None], (taps, taps), 1, 0, (step, step))[:, 0]
    return values


def find_ink(contrast: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the glyph's region, its box and its centre of mass, in canvas pixels.

    Args:
        contrast: ``(N, 128, 128)``, 0 where there is paper.

    Returns:
        The region as float ``(N, 128, 128)``, 1 about the glyph's ink; ``(N, 4)`` top, left,
        height and width; ``(N, 2)`` down and right.
    """
    strongest = contrast.flatten(1).topk(CANVAS_PX * CANVAS_PX // 200).values.mean(1)
    level = (_INK_LEVEL * strongest).clamp(min=_LOWEST_CONTRAST)[:, None, None]
    mask = (contrast > level).to(contrast.dtype)
    mask = mask * (_blur(mask, 5) > 4.5 / 25)
    density = mask.reshape(-1, CELLS, CELL_PX, CELLS, CELL_PX).mean((2, 4))
    cells = glyph_cells(density[:, None])
    mask = mask * _spread_cells(cells)
    top, height = _extent(mask.amax(2) > 0, mask.dtype)
    left, width = _extent(mask.amax(1) > 0, mask.dtype)
    ink = torch.minimum(contrast, strongest[:, None, None]) * mask
    region = _spread_cells(functional.max_pool2d(cells, 3, 1, 1))
    # What was blurred before it was compared is half a pixel wider on each side.
    box = torch.stack([top + 0.5, left + 0.5, height - 1, width - 1], 1).clamp(min=0.0)
    return region, box, torch.stack(_centre_of_mass(ink), 1)


def glyph_cells(density: Tensor) -> Tensor:
    """Return, as 0 and 1, the cells of the glyph: where ink is dense, and what is linked to that.

    A glyph may be of several parts, since strokes break and a 5 may have its roof beside it. Specks
    and grain are thin. Gaps of two cells are bridged.

    Args:
        density: ``(N, 1, 32, 32)``, the share of each cell that is ink.
    """
    cells = (density > 0).to(density.dtype)
    crowd = _blur(density[:, 0], _CROWD_CELLS)[:, None] * cells
    reached = (crowd > _DENSE_SHARE * crowd.amax((2, 3), keepdim=True)).to(density.dtype)
    for _ in range(_GROWTH_STEPS):
        reached = functional.max_pool2d(reached, _GROWTH_CELLS, 1, _GROWTH_CELLS // 2) * cells
    return reached


def glyph_square(box: Tensor, centre: Tensor) -> Square:
    """Return the field of 28×28 that shows a box's longer side as 20 pixels about ``centre``."""
    step = torch.maximum(box[:, 2], box[:, 3]).clamp(min=1.0) / BOX_PX
    middle = step * (SIZE_PX / 2)
    return Square(centre[:, 0] - middle, centre[:, 1] - middle, step)


def full_contrast(ink: Tensor) -> Tensor:
    """Stretch ``(N, 28, 28)`` so that the paper is 0 and the full strokes are 1."""
    strongest = ink.flatten(1).topk(16).values.mean(1).clamp(min=_LOWEST_CONTRAST / 2)
    share = ink / strongest[:, None, None]
    return ((share - _PAPER_LEVEL) / (_FULL_LEVEL - _PAPER_LEVEL)).clamp(0.0, 1.0)


def even_strokes(ink: Tensor) -> Tensor:
    """Thicken what a thin pen wrote and thin what a thick brush did, gently: ``(N, 28, 28)``."""
    total = ink.sum((1, 2)).clamp(min=1e-3)
    eroded = -functional.max_pool2d(-ink[:, None], 3, 1, 1)[:, 0]
    widened = torch.maximum(ink, (2.2 * _blur(ink, 3)).clamp(max=1.0))
    surviving = (eroded.sum((1, 2)) / total)[:, None, None]
    thinner = ((surviving - _THICKEST) / 0.4).clamp(0.0, 0.7)
    thicker = ((_THINNEST - surviving) / _THINNEST).clamp(0.0, 1.0)
    return ink + thinner * (eroded - ink) + thicker * (widened - ink)


def _blur(values: Tensor, size: int) -> Tensor:
    """Mean over ``size`` × ``size``, zeros outside, of square ``(N, L, L)``, as two products."""
    places = _centres(values.shape[1], values)
    near = ((places[:, None] - places).abs() <= size // 2).to(values.dtype) / size
    return near @ values @ near


def _spread_cells(cells: Tensor) -> Tensor:
    """Return ``(N, 1, 32, 32)`` as ``(N, 128, 128)``, every cell as its pixels."""
    num = len(cells)
    spread = cells[:, 0, :, None, :, None].expand(num, CELLS, CELL_PX, CELLS, CELL_PX)
    return spread.reshape(num, CANVAS_PX, CANVAS_PX)


def _centres(length: int, like: Tensor) -> Tensor:
    """Return the places of pixel centres, 0.5 to ``length`` - 0.5, of the type of ``like``."""
    return torch.arange(length, device=like.device, dtype=like.dtype) + 0.5


def _clamped_weights(centres: Tensor, step: Tensor, num_in: int) -> Tensor:
    """Return tent weights ``(N, num_out, num_in)`` about ``centres``, the edge repeated beyond."""
    pixels = _centres(num_in, centres)
    last = torch.full_like(step, num_in)[:, None] - 0.5
    width = step.clamp(min=1.0)[:, None, None]
    nearest = torch.minimum(centres.clamp(min=0.5), last)
    weights = (1 - (nearest[:, :, None] - pixels).abs() / width).clamp(min=0.0)
    return weights / weights.sum(2, keepdim=True)


def _full_weights(start: Tensor, num_in: int, num_out: int) -> Tensor:
    step = torch.full_like(start, num_in) / num_out
    weights = tent_weights(start, step, num_out, num_in)
    return weights / weights.sum(2, keepdim=True)


def _extent(filled: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return first index and length, ``(N,)`` of ``dtype``, of what spans the true ``(N, L)``."""
    numbers = torch.arange(filled.shape[1], device=filled.device, dtype=dtype)
    outside = torch.full_like(numbers, 2**20)
    first = torch.where(filled, numbers, outside).amin(1)
    last = torch.where(filled, numbers, -outside).amax(1)
    return first, (last - first + 1).clamp(min=0.0)


def _centre_of_mass(ink: Tensor) -> tuple[Tensor, Tensor]:
    """Return how far down and right of the corner the ink's centre is, in pixels, ``(N,)``."""
    total = ink.sum((1, 2)).clamp(min=1e-6)
    rows, columns = _centres(ink.shape[1], ink), _centres(ink.shape[2], ink)
    return (ink.sum(2) * rows).sum(1) / total, (ink.sum(1) * columns).sum(1) / total


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
    mask = ink > _INK_LEVEL * strongest
    top, height = _extent(mask.amax(2), ink.dtype)
    left, width = _extent(mask.amax(1), ink.dtype)
    box = torch.stack([top, left, height, width], 1)
    field = glyph_square(box, torch.stack(_centre_of_mass(ink), 1))
    step = field.step / stretch
    middle = field.step * (SIZE_PX / 2)
    rows = field.top + middle - step * (SIZE_PX / 2 + shift[:, 0])
    columns = field.left + middle - step * (SIZE_PX / 2 + shift[:, 1])
    framed = Square(rows, columns, step).cut(ink) / 255
    return 255 * even_strokes(full_contrast(framed))
