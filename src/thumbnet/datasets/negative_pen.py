"""A pen for the pictures of ``negatives``: sketches given as points, drawn as a hand would.

A sketch is text: strokes parted by ``/``, points ``x,y`` in hundredths of the unit square with y
downwards. A smooth curve (a uniform Catmull-Rom spline) runs through the points of a stroke; ``*``
after a point makes it a corner. ``@x,y,rx,ry`` is a closed oval; a stroke of one point is a dot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE_PX = 64
CANVAS_PX = 128  # Drawn at twice the size; the reduction is the anti-aliasing.
MARGIN_PX = 3  # Of 64: what is drawn keeps this far from every edge.

_SCALE = CANVAS_PX // SIZE_PX
_SAMPLE_STEP = 0.05
_LONG_SEGMENT = 0.3
_SMALLEST_DOT = 6.0  # Of the canvas; a smaller one is lost in the thumbnail, and i becomes 1.
# Row i of a segment's weights is [1, t, t², t³] @ _CATMULL_ROM (Catmull and Rom, 1974).
_CATMULL_ROM = 0.5 * np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]])


@dataclass(frozen=True)
class Sketch:
    """Parsed strokes.

    Attributes:
        points: float64 ``(P, 2)``, control points x, y in about [0, 1].
        stroke_of_point: int64 ``(P,)``, ascending.
        curve: float64 ``(S, P)``; ``curve @ points`` are the samples along all strokes.
        starts: where each stroke begins among the samples, and S at the end.
        length: of all strokes together.
    """

    points: np.ndarray
    stroke_of_point: np.ndarray
    curve: np.ndarray
    starts: tuple[int, ...]
    length: float


@dataclass(frozen=True)
class Hand:
    """How unsteady a hand is; lengths are in units of the sketch.

    Attributes:
        jitter: standard deviation of every control point.
        stroke_shift: standard deviation of each stroke's place.
        slant: largest shear to the left and to the right.
        turn_deg: standard deviation of the rotation, in degrees.
        stretch: standard deviation of the logarithm of width / height.
    """

    jitter: float = 0.022
    stroke_shift: float = 0.018
    slant: tuple[float, float] = (-0.25, 0.5)
    turn_deg: float = 5.0
    stretch: float = 0.18


@lru_cache(maxsize=1024)
def parse_sketch(text: str) -> Sketch:
    """Parse the notation that the head of this file describes."""
    points: list[tuple[float, float]] = []
    owners: list[int] = []
    strokes: list[list[int]] = []
    for number, stroke in enumerate(text.split("/")):
        knots: list[int] = []
        was_corner = True
        tokens = _spelled_out(stroke).split()
        for token in tokens:
            x, y = (float(value) / 100 for value in token.rstrip("*").split(","))
            is_corner = token.endswith("*")
            straight = was_corner and (is_corner or token is tokens[-1])
            if knots and straight and math.dist(points[-1], (x, y)) > _LONG_SEGMENT:
                # A straight line drawn by hand is never quite straight: its middle may move too.
                last_x, last_y = points[-1]
                knots.append(len(points))
                points.append(((x + last_x) / 2, (y + last_y) / 2))
                owners.append(number)
            knots += [len(points)] * (2 if is_corner else 1)
            points.append((x, y))
            owners.append(number)
            was_corner = is_corner
        strokes.append(knots)
    array = np.array(points)
    rows = [_curve_rows(knots, array) for knots in strokes]
    starts = np.cumsum([0, *map(len, rows)]).tolist()
    steps = [np.diff(block @ array, axis=0) for block in rows]
    length = sum(float(np.hypot(*step.T).sum()) for step in steps)
    return Sketch(array, np.array(owners), np.concatenate(rows), tuple(starts), length)


def draw_sketch(sketch: Sketch, hand: Hand, rng: np.random.Generator) -> np.ndarray:
    """Draw a sketch as one of many hands would: uint8 ``(64, 64)``, white on black."""
    num_strokes = len(sketch.starts) - 1
    unsteadiness = rng.uniform(0.4, 1.6)
    points = sketch.points + unsteadiness * hand.jitter * rng.standard_normal(sketch.points.shape)
    shifts = unsteadiness * hand.stroke_shift * rng.standard_normal((num_strokes, 2))
    samples = sketch.curve @ (points + shifts[sketch.stroke_of_point])
    samples = _distort(samples, hand, rng)
    # What has many lines needs a fine pen, or it is a blot.
    return draw_curves(samples, sketch.starts, rng, min(1 / 7, 0.4 / sketch.length))


def draw_curves(
    samples: np.ndarray,
    starts: tuple[int, ...],
    rng: np.random.Generator,
    widest: float = 1 / 7,
) -> np.ndarray:
    """Draw sampled strokes, fitted to a box of random size and place, with a random pen.

    Args:
        samples: float64 ``(S, 2)`` in any unit, y downwards; the aspect is kept.
        starts: where each stroke begins among the samples, and S at the end.
        rng: chooses the box, the pen and the ink.
        widest: largest width of the pen, as a share of the box.

    Returns:
        uint8 ``(64, 64)``, white on black.
    """
    size_px = rng.uniform(34, SIZE_PX - 2 * MARGIN_PX)
    # Wide pens are rarer, and a small picture has no room for one.
    width_px = max(min(1.5 + 5.5 * rng.random() ** 1.6, widest * size_px), 1.2)
    widths = _pressure(samples, width_px, rng)
    placed = fit_points(samples, size_px, width_px / 2 + 0.5, rng)
    image = Image.new("L", (CANVAS_PX, CANVAS_PX))
    draw = ImageDraw.Draw(image)
    for start, stop in pairwise(starts):
        ink_stroke(draw, placed[start:stop], widths[start:stop])
    return finish(image, rng)


def fit_points(
    points: np.ndarray, size_px: float, border_px: float, rng: np.random.Generator
) -> np.ndarray:
    """Scale points so that the longer side, borders included, is ``size_px``; place at random."""
    low = points.min(axis=0)
    extent = points.max(axis=0) - low
    scale = (size_px - 2 * border_px) / max(extent.max(), 1e-6)
    side = extent * scale + 2 * border_px
    corner = MARGIN_PX + (SIZE_PX - 2 * MARGIN_PX - side) * rng.random(2)
    placed: np.ndarray = (points - low) * scale + corner + border_px
    return placed


def finish(image: Image.Image, rng: np.random.Generator) -> np.ndarray:
    """Reduce a canvas to uint8 ``(64, 64)``; sometimes blurred, paler, or grainy as a pencil is."""
    small = image.reduce(image.width // SIZE_PX)
    blurred, paler, grainy = rng.random(3) < (0.35, 0.3, 0.15)
    if blurred:
        small = small.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.0)))
    pixels = np.asarray(small)
    if grainy:
        grain = rng.random(pixels.shape, dtype=np.float32)
        pixels = (pixels * (1 - rng.uniform(0.2, 0.6) * grain)).astype(np.uint8)
    if paler:
        pixels = (pixels * np.float32(rng.uniform(0.6, 1.0))).astype(np.uint8)
    return pixels


def ink_stroke(draw: ImageDraw.ImageDraw, points_px: np.ndarray, widths_px: np.ndarray) -> None:
    """Draw one stroke on a canvas; points ``(S, 2)`` and widths ``(S,)`` are in pixels of 64."""
    xs, ys = (points_px * _SCALE).T.tolist()
    diameters = np.maximum(widths_px * _SCALE, 2.0).tolist()
    last_x, last_y = xs[0], ys[0]
    if len(xs) == 1:  # A dot is pressed, not drawn, so it is wider than the pen.
        diameters = [max(1.3 * diameters[0], _SMALLEST_DOT)]
    for x, y, diameter in zip(xs, ys, diameters, strict=True):
        radius = diameter / 2
        if diameter > 2:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        draw.line((last_x, last_y, x, y), fill=255, width=round(diameter))
        last_x, last_y = x, y


def smooth(points: np.ndarray, num_per_segment: int = 6) -> np.ndarray:
    """Return samples ``(S, 2)`` of the smooth curve through points ``(P, 2)``."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    fours = np.stack([padded[shift : len(points) - 1 + shift] for shift in range(4)], axis=1)
    powers = (np.arange(num_per_segment) / num_per_segment)[:, None] ** np.arange(4)
    samples = (powers @ _CATMULL_ROM) @ fours
    return np.concatenate([samples.reshape(-1, 2), points[-1:]])


def turn(points: np.ndarray, angle_deg: float) -> np.ndarray:
    """Turn points ``(S, 2)`` clockwise, as seen, about the origin."""
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]))


def _pressure(samples: np.ndarray, width_px: float, rng: np.random.Generator) -> np.ndarray:
    """Return the pen's width at each sample: even, pressed unevenly, or that of a broad nib."""
    num = len(samples)
    style = rng.random()
    if style < 0.35:
        return np.full(num, width_px)
    if style < 0.8:
        waves = rng.uniform(0.5, 3.0, 2)[:, None] * np.linspace(0, 2 * math.pi, num)
        waves = np.sin(waves + rng.uniform(0, 2 * math.pi, (2, 1))).mean(axis=0)
        return np.asarray(width_px * (0.8 + rng.uniform(0.05, 0.3) * waves))
    steps = np.diff(samples, axis=0, append=samples[-1:] + 1e-3)
    angles = np.arctan2(steps[:, 1], steps[:, 0])
    nib = rng.uniform(0.3, 1.2)
    return np.asarray(width_px * (0.4 + 0.6 * np.abs(np.sin(angles + nib))))


def _distort(samples: np.ndarray, hand: Hand, rng: np.random.Generator) -> np.ndarray:
    """Bend the plane by two slow waves, then stretch, slant and turn it."""
    amount = rng.uniform(0.0, 0.05, 2)
    phase = rng.uniform(0, 2 * math.pi, 2)
    swapped = samples[:, ::-1]
    samples = samples + amount * np.sin(rng.uniform(2.0, 6.0, 2) * swapped + phase)
    stretch = math.exp(hand.stretch * rng.standard_normal() / 2)
    low, high = hand.slant
    slant = min(max(rng.normal((low + high) / 2, (high - low) / 4), low), high)
    # y points downwards, so a slant to the right moves what is lower to the left.
    shape = np.array([[stretch, -slant], [0.0, 1 / stretch]])
    return turn(samples @ shape.T, hand.turn_deg * rng.standard_normal())


def _spelled_out(stroke: str) -> str:
    """Replace an ``@`` oval by its points; it overlaps itself a little, as a pen's does."""
    stroke = stroke.strip()
    if not stroke.startswith("@"):
        return stroke
    x, y, x_radius, y_radius = (float(value) for value in stroke[1:].split(","))
    turns = np.arange(10) * (2 * math.pi / 8) - 2.0
    return " ".join(
        f"{x + x_radius * math.cos(turn):.2f},{y + y_radius * math.sin(turn):.2f}" for turn in turns
    )


def _curve_rows(knots: list[int], points: np.ndarray) -> np.ndarray:
    """Return the weights ``(samples, P)`` of one stroke through ``points[knots]``."""
    padded = [knots[0], *knots, knots[-1]]
    rows = []
    for index in range(len(knots) - 1):
        four = padded[index : index + 4]
        length = math.dist(points[four[1]], points[four[2]])
        if length == 0:
            continue
        num = max(2, round(length / _SAMPLE_STEP))
        powers = (np.arange(num) / num)[:, None] ** np.arange(4)
        block = np.zeros((num, len(points)))
        for column, knot in enumerate(four):
            block[:, knot] += (powers @ _CATMULL_ROM)[:, column]
        rows.append(block)
    last = np.zeros((1, len(points)))
    last[0, knots[-1]] = 1.0
    return np.concatenate([*rows, last])
