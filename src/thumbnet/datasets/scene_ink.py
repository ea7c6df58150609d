"""Ink for made photos: what a pen's tip went along, and what a pen leaves of it on paper.

A digit of 28×28 pixels cannot be enlarged to a photo's resolution without looking so. Its centre
line can: the distance to it is a smooth field, and a pen's stroke is where that field is below the
pen's radius, at any size and with any pen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from thumbnet.datasets.negative_pen import parse_sketch, smooth

UNIT_PX = 120  # of the field's grid; the height of a digit
_MARGIN_PX = 36  # Around the centre line: room for the widest pen.
_ENLARGED = UNIT_PX // 20  # MNIST's digits are 20 pixels high or wide.
_EDGE = 0.4  # Of the brightest ink; below it a pixel of a digit is paper.
_BLOT = 1.7  # Times the usual half-width of a stroke; what is wider is a filled loop.

Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Trace:
    """The centre line of one sign, on a grid whose digits are ``UNIT_PX`` high.

    Attributes:
        distance: float32 ``(H, W)``, to the centre line, in pixels of the grid.
        pressure: float32 ``(H, W)``, width of the nearest stroke as a share of the usual one.
        baseline_px: row of the grid that stands on the line.
        slant: shear of the sign as it was written, to the right, in x per y.
    """

    distance: np.ndarray
    pressure: np.ndarray
    baseline_px: float
    slant: float


@dataclass(frozen=True)
class Pen:
    """What a kind of pen leaves.

    Attributes:
        width: lowest and highest width of its stroke, as a share of a digit's height.
        colours: that it is sold in, as RGB in [0, 1].
        opacity: lowest and highest share of the paper's light that it takes away.
        grain: how much of the paper's grain shows in it, in [0, 1].
        softness_px: standard deviation of its edge, at digits of 60 pixels.
        covers: whether it hides the paper, as chalk does, instead of dyeing it.
    """

    width: tuple[float, float]
    colours: tuple[Rgb, ...]
    opacity: tuple[float, float]
    grain: float = 0.0
    softness_px: float = 0.4
    covers: bool = False


_BLUE, _DARK_BLUE, _BLACK = (0.13, 0.22, 0.58), (0.1, 0.13, 0.38), (0.1, 0.1, 0.12)
_RED, _GREEN = (0.72, 0.12, 0.14), (0.08, 0.42, 0.22)
PENS = {
    "pencil": Pen((0.05, 0.09), ((0.22, 0.22, 0.24),), (0.55, 0.85), grain=0.75, softness_px=0.6),
    "ballpoint": Pen((0.05, 0.085), (_BLUE, _BLUE, _DARK_BLUE, _BLACK), (0.75, 0.95), grain=0.3),
    "gel": Pen((0.06, 0.1), (_BLACK, _BLACK, _DARK_BLUE, _BLUE, _RED), (0.9, 1.0), grain=0.06),
    "marker": Pen((0.12, 0.19), (_BLACK, _BLACK, _BLUE, _RED, _GREEN), (0.88, 1.0), grain=0.08),
    "board marker": Pen((0.1, 0.16), (_BLACK, _BLUE, _RED, _GREEN), (0.75, 0.95), grain=0.15),
    "chalk": Pen(
        (0.09, 0.16),
        ((0.95, 0.95, 0.93), (0.96, 0.93, 0.7)),
        (0.75, 0.95),
        grain=0.8,
        softness_px=0.9,
        covers=True,
    ),
    "black stylus": Pen((0.07, 0.17), ((0.0, 0.0, 0.0),), (1.0, 1.0), softness_px=0.0),
    "white stylus": Pen((0.07, 0.17), ((1.0, 1.0, 1.0),), (1.0, 1.0), softness_px=0.0, covers=True),
}


def trace_digit(image: np.ndarray) -> Trace:
    """Find the centre line of a digit: uint8 ``(28, 28)``, white on black, with ink."""
    ink = Image.fromarray(image)
    left, top, right, bottom = ink.getbbox() or (0, 0, *ink.size)
    ink = ink.crop((left - 3, top - 3, right + 3, bottom + 3))
    large = ink.resize((ink.width * _ENLARGED, ink.height * _ENLARGED), Image.Resampling.BICUBIC)
    grey = ndimage.gaussian_filter(np.asarray(large, np.float32), _ENLARGED / 2.5)
    mask = _without_specks(grey > _EDGE * grey.max())
    half_width = ndimage.distance_transform_edt(mask)
    lines = thin(mask)
    usual = float(np.median(half_width[lines]))
    lines |= half_width > _BLOT * usual
    ys, xs = np.nonzero(mask)
    slant = -float(np.cov(xs, ys)[0, 1] / max(np.var(ys), 1.0))
    return _trace(lines, half_width / usual, float(ys.max()), min(max(slant, -0.6), 0.6))


def trace_sketch(text: str, jitter: float, rng: np.random.Generator, height: float = 1.0) -> Trace:
    """Write a sketch of ``negative_pen`` with an unsteady hand.

    Args:
        text: the sketch; its strokes become smooth lines, its height 1 becomes ``UNIT_PX``.
        jitter: standard deviation of its points, in units of the sketch.
        rng: moves the points.
        height: share of ``UNIT_PX`` that its height 1 becomes, above the same baseline.
    """
    sketch = parse_sketch(text)
    points = sketch.points + jitter * rng.standard_normal(sketch.points.shape)
    samples = (sketch.curve @ points - [0.0, 1.0]) * height + [0.0, 1.0]
    return trace_strokes([samples[start:stop] for start, stop in pairwise(sketch.starts)], rng)


def trace_strokes(strokes: list[np.ndarray], rng: np.random.Generator) -> Trace:
    """Follow strokes ``(S, 2)``, x and y downwards, whose height 1 becomes ``UNIT_PX``.

    The line that they stand on is at y = 1; the pressure changes slowly along them.
    """
    samples = np.concatenate(strokes)
    low = samples.min(axis=0)
    width, height = np.ceil((samples.max(axis=0) - low) * UNIT_PX).astype(int) + 1
    canvas = Image.new("1", (int(width), int(height)))
    draw = ImageDraw.Draw(canvas)
    for stroke in strokes:
        placed = (stroke - low) * UNIT_PX
        draw.line([(float(x), float(y)) for x, y in placed], fill=1, width=1)
    lines = np.pad(np.array(canvas), _MARGIN_PX)
    pressure = 1 + 0.18 * cloud(lines.shape, UNIT_PX / 2, rng)
    return _trace(lines, pressure, (1 - float(low[1])) * UNIT_PX + _MARGIN_PX, 0.0, margin_px=0)


def wandering_stroke(num_points: int, rng: np.random.Generator) -> np.ndarray:
    """Return a smooth stroke ``(S, 2)`` through random points of the unit square."""
    return smooth(rng.random((num_points, 2)), 16)


def draw_trace(
    trace: Trace, size_px: float, slant: float, turn_deg: float, stretch: float, radius_px: float
) -> tuple[np.ndarray, float]:
    """Draw a trace with a round pen, its edge one pixel wide.

    Args:
        trace: what to draw.
        size_px: height of a digit.
        slant: wanted shear to the right, in x per y.
        turn_deg: clockwise, as seen.
        stretch: width as a share of what it was.
        radius_px: of the pen.

    Returns:
        float32 ``(h, w)`` in [0, 1], and the row of it where the baseline begins.
    """
    scale = size_px / UNIT_PX
    angle = math.radians(turn_deg)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    forward = turn @ np.array([[stretch, trace.slant - slant], [0.0, 1.0]]) * scale
    height, width = trace.distance.shape
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ forward.T
    low = np.floor(corners.min(axis=0))
    shape = (np.ceil(corners.max(axis=0)) - low).astype(int) + 1
    # SciPy counts rows first, so x and y change places in the matrix and in the offset.
    inverse = np.linalg.inv(forward)
    matrix, offset = inverse[::-1, ::-1], (inverse @ low)[::-1]
    options = {"output_shape": (int(shape[1]), int(shape[0])), "order": 1, "mode": "nearest"}
    distance = ndimage.affine_transform(trace.distance, matrix, offset, **options)
    pressure = ndimage.affine_transform(trace.pressure, matrix, offset, **options)
    # Paper beyond the grid repeats its rim, which is further from the line than any pen is wide.
    shade = np.clip(radius_px * pressure + 0.5 - distance * scale, 0, 1).astype(np.float32)
    baseline = forward @ np.array([_MARGIN_PX, trace.baseline_px]) - low
    return shade, float(baseline[1])


def lay_ink(
    paper: np.ndarray, shade: np.ndarray, pen: Pen, size_px: float, rng: np.random.Generator
) -> None:
    """Put ink on paper, in place.

    Args:
        paper: float32 ``(H, W, 3)`` in [0, 1].
        shade: float32 ``(H, W)`` in [0, 1], where the pen went.
        pen: what kind of pen.
        size_px: height of a digit; what is large is seen from nearer, with coarser grain.
        rng: chooses the colour and the grain.
    """
    colour = np.array(pen.colours[rng.integers(len(pen.colours))], np.float32)
    zoom = max(size_px / 60, 0.6)
    if pen.softness_px:
        shade = ndimage.gaussian_filter(shade, pen.softness_px * min(zoom, 3))
    amount: np.ndarray = shade * np.float32(rng.uniform(*pen.opacity))
    if pen.grain:
        flow = 1 + pen.grain * (0.2 * cloud(shade.shape, 0.4 * size_px, rng) - 0.1)
        grain = grain_noise(shade.shape, 0.55 * min(zoom, 3), rng)
        # Grain bites at the edges first: where the pen presses less, the paper's hills are bare.
        bare = np.clip(0.5 + 0.9 * (grain - 1.1 * (2 * shade - 0.8)), 0, 1)
        amount = amount * np.clip(flow, 0, 1.1) * (1 - pen.grain * bare)
    amount = np.clip(amount, 0, 1)[:, :, None]
    if pen.covers:
        paper += amount * (colour - paper)
    else:
        paper *= 1 - amount * (1 - colour)


def skip_ink(shade: np.ndarray, share: float, size_px: float, rng: np.random.Generator) -> None:
    """Take that share of the ink away, in place, in gaps about as long as a stroke is wide."""
    noise = cloud(shade.shape, max(0.09 * size_px, 2.0), rng)
    inked = noise[shade > 0.5]
    if len(inked):
        limit = np.quantile(inked, 1 - share)
        shade *= np.clip(0.5 + 3 * (limit - noise), 0, 1)


def grain_noise(shape: tuple[int, ...], sigma_px: float, rng: np.random.Generator) -> np.ndarray:
    """Return noise of that standard width: float32, mean 0, standard deviation about 1."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    noise = ndimage.gaussian_filter(noise, sigma_px)
    return np.asarray(noise / max(float(noise.std()), 1e-6))


def cloud(shape: tuple[int, ...], size_px: float, rng: np.random.Generator) -> np.ndarray:
    """Return slow noise: float32 ``(H, W)``, about in [-2, 2], that changes over ``size_px``."""
    height, width = shape
    rows, columns = (max(round(side / size_px), 1) + 3 for side in shape)
    coarse = Image.fromarray(rng.standard_normal((rows, columns), dtype=np.float32))
    left, top = rng.random(2)
    box = (left, top, left + width / size_px + 1e-3, top + height / size_px + 1e-3)
    box = (left, top, min(box[2], columns), min(box[3], rows))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC, box=box))


def thin(mask: np.ndarray) -> np.ndarray:
    """Thin bool ``(H, W)`` to lines one pixel wide that keep its loops and its pieces.

    Zhang and Suen, "A fast parallel algorithm for thinning digital patterns", 1984.
    """
    lines = np.pad(mask, 1).astype(np.uint8)
    inner = (slice(1, -1), slice(1, -1))
    around = ((0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0))
    height, width = mask.shape
    changed = True
    while changed:
        changed = False
        for north, east, south, west in ((0, 2, 4, 6), (4, 6, 0, 2)):
            ring = [lines[y : y + height, x : x + width] for y, x in around]
            num = sum(ring[1:], ring[0])
            steps = sum((first < second for first, second in pairwise([*ring, ring[0]])), 0)
            gone = (lines[inner] == 1) & (num >= 2) & (num <= 6) & (steps == 1)
            gone &= (ring[north] & ring[east] & ring[south]) == 0
            gone &= (ring[east] & ring[south] & ring[west]) == 0
            if gone.any():
                changed = True
                lines[inner][gone] = 0
    return lines[inner].astype(bool)


def _without_specks(mask: np.ndarray) -> np.ndarray:
    """Remove the pieces of less than a fiftieth of the ink."""
    pieces, _ = ndimage.label(mask, np.ones((3, 3)))
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    kept: np.ndarray = (sizes >= sizes.sum() / 50)[pieces] & mask
    return kept


def _trace(
    lines: np.ndarray,
    widths: np.ndarray,
    baseline_px: float,
    slant: float,
    margin_px: int = _MARGIN_PX,
) -> Trace:
    """Measure the distance to lines, bool ``(H, W)``, and spread the widths on them over it."""
    lines, widths = np.pad(lines, margin_px), np.pad(widths, margin_px)
    distance, nearest = ndimage.distance_transform_edt(~lines, return_indices=True)
    pressure = np.clip(widths[tuple(nearest)], 0.6, 1.35).astype(np.float32)
    return Trace(
        # A line of pixels is a staircase; its distance, slightly blurred, is a line.
        ndimage.gaussian_filter(distance.astype(np.float32), 1.2),
        ndimage.gaussian_filter(pressure, 4.0),
        baseline_px + margin_px,
        slant,
    )
