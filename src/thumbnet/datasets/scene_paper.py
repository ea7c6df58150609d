"""Paper, boards and screens for made photos: what is there before anybody writes.

All are float32 ``(H, W, 3)`` in [0, 1]. Rulings are placed by their pitch and by a point that a
line goes through, so that writing can stand on them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from thumbnet.datasets.scene_ink import Rgb, cloud, grain_noise
from thumbnet.datasets.scene_writing import Corners

_BLUE, _GREY, _GREEN, _RED = (
    (0.45, 0.6, 0.85),
    (0.6, 0.6, 0.62),
    (0.45, 0.7, 0.55),
    (0.9, 0.45, 0.5),
)
_RULING_COLOURS = (_BLUE, _BLUE, _GREY, _GREEN)

RULED = ("lined", "squared", "dotted")
DARK = ("blackboard", "dark screen")
SCREENS = ("bright screen", "dark screen")


def make_paper(
    name: str,
    shape: tuple[int, int],
    rng: np.random.Generator,
    pitch_px: float = 0.0,
    through: tuple[float, float] = (0.0, 0.0),
    strength: tuple[float, float] = (0.25, 0.7),
) -> np.ndarray:
    """Make a sheet.

    Args:
        name: one of ``PAPERS`` or ``RULED``.
        shape: height and width.
        rng: chooses its colours and its grain.
        pitch_px: distance of the lines of a ruled paper.
        through: x and y of a point that lines go through.
        strength: lowest and highest strength of the ruling.
    """
    if name not in RULED:
        return PAPERS[name](shape, rng)
    paper = _plain((0.97, 0.97, 0.96), 0.012)(shape, rng)
    colour = _RULING_COLOURS[rng.integers(len(_RULING_COLOURS))]
    amount, width_px = rng.uniform(*strength), pitch_px * rng.uniform(0.02, 0.05)
    down = _lines(shape[0], through[1], pitch_px, width_px)[:, None]
    across = _lines(shape[1], through[0], pitch_px, width_px)[None, :]
    if name == "lined":
        _print(paper, amount * np.broadcast_to(down, shape), colour)
    elif name == "squared":
        _print(paper, amount * np.maximum(down, across), colour)
    else:
        dot_px = pitch_px * rng.uniform(0.07, 0.11)
        down = _lines(shape[0], through[1], pitch_px, dot_px)[:, None]
        across = _lines(shape[1], through[0], pitch_px, dot_px)[None, :]
        _print(paper, amount * down * across, _GREY)
    return paper


def rule_margin(paper: np.ndarray, x: float, width_px: float) -> None:
    """Print the red line of a margin, in place."""
    _print(paper, 0.8 * _lines(paper.shape[1], x, 1e9, width_px)[None, :], _RED)


def print_cells(
    paper: np.ndarray, cells: Sequence[Corners], width_px: float, rng: np.random.Generator
) -> None:
    """Print the frames of the boxes of a form, in place."""
    canvas = Image.new("L", (paper.shape[1] * 2, paper.shape[0] * 2))
    draw = ImageDraw.Draw(canvas)
    for cell in cells:
        corners = [2 * value for value in cell]
        draw.rectangle(corners, outline=255, width=max(round(2 * width_px), 1))
    colours: tuple[Rgb, ...] = ((0.2, 0.2, 0.22), (0.45, 0.45, 0.47), _BLUE, (0.85, 0.55, 0.4))
    colour = colours[rng.integers(len(colours))]
    shade = np.asarray(canvas.reduce(2), np.float32) / 255
    _print(paper, shade * np.float32(rng.uniform(0.6, 0.95)), colour)


def wooden_desk(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Make what the paper lies on: wood of some colour, or a cloth."""
    colours = ((0.42, 0.27, 0.16), (0.6, 0.43, 0.28), (0.25, 0.17, 0.12), (0.2, 0.2, 0.22))
    colour = np.array(colours[rng.integers(len(colours))], np.float32)
    noise = rng.standard_normal(shape, dtype=np.float32)
    fibres = ndimage.gaussian_filter1d(ndimage.gaussian_filter1d(noise, 1.2, axis=0), 50, axis=1)
    fibres = fibres / max(float(fibres.std()), 1e-6)
    rings = np.sin(9 * cloud(shape, max(shape) / 2, rng) + 0.02 * np.arange(shape[0])[:, None])
    desk = colour * (1 + 0.09 * fibres + 0.06 * rings)[:, :, None]
    return np.asarray(desk, np.float32)


def _plain(colour: Rgb, grain: float, stains: float = 0.012) -> _Maker:
    """Return a maker of smooth paper of about this colour."""

    def make(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        tint = np.array(colour, np.float32) * rng.uniform(0.97, 1.0, 3).astype(np.float32)
        light = 1 + grain * grain_noise(shape, 0.9, rng) + stains * cloud(shape, 150, rng)
        paper: np.ndarray = light[:, :, None] * tint
        return paper

    return make


def _fibrous(colour: Rgb, grain: float, fibres_per_mpx: int, depth: float) -> _Maker:
    """Return a maker of rough paper in which fibres show, darker and lighter."""

    def make(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        paper = _plain(colour, grain, 0.03)(shape, rng)
        canvas = Image.new("L", (shape[1], shape[0]), 128)
        draw = ImageDraw.Draw(canvas)
        for _ in range(round(fibres_per_mpx * shape[0] * shape[1] / 1e6)):
            x, y = rng.random(2) * (shape[1], shape[0])
            along = rng.standard_normal(2) * 9
            bend = along / 2 + rng.standard_normal(2) * 3
            points = [(x, y), (x + bend[0], y + bend[1]), (x + along[0], y + along[1])]
            draw.line(points, fill=int(128 + rng.choice([-1, -1, 1]) * rng.integers(25, 110)))
        marks = ndimage.gaussian_filter(np.asarray(canvas, np.float32) / 128 - 1, 0.7)
        paper *= 1 + depth * marks[:, :, None]
        return paper

    return make


def _blackboard(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Slate or green, with what the sponge has left of older writing."""
    colour = np.array(((0.13, 0.14, 0.14), (0.13, 0.24, 0.19))[rng.integers(2)], np.float32)
    wiped = ndimage.gaussian_filter(grain_noise(shape, 1.5, rng), (2, 25)) * 4
    dust = np.clip(0.5 + 0.4 * cloud(shape, max(shape) / 4, rng) + 0.25 * wiped, 0, 2)
    board: np.ndarray = colour * (1 + 0.06 * grain_noise(shape, 0.8, rng))[:, :, None]
    board += 0.07 * np.float32(rng.uniform(0.4, 1.4)) * dust[:, :, None]
    return board


def _whiteboard(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Bright and smooth, with grey smears of what was wiped off."""
    board = _plain((0.93, 0.94, 0.95), 0.004, 0.01)(shape, rng)
    smears = ndimage.gaussian_filter(grain_noise(shape, 2, rng), (3, 30)) * 6
    board -= 0.02 * np.clip(smears * cloud(shape, max(shape) / 3, rng), 0, 3)[:, :, None]
    return board


def _sticky(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Bright yellow, pink, green or blue."""
    colours = ((0.98, 0.92, 0.5), (0.98, 0.9, 0.42), (0.98, 0.7, 0.75), (0.78, 0.93, 0.6))
    return _plain(colours[rng.integers(len(colours))], 0.008)(shape, rng)


def _screen(value: float) -> _Maker:
    """Return a maker of a screen of one grey."""
    return lambda shape, rng: np.full((*shape, 3), value, np.float32)  # noqa: ARG005 (as all makers)


_Maker = Callable[[tuple[int, int], np.random.Generator], np.ndarray]
PAPERS: dict[str, _Maker] = {
    "white": _plain((0.97, 0.97, 0.97), 0.012),
    "cream": _plain((0.98, 0.95, 0.86), 0.015),
    "recycled": _fibrous((0.8, 0.79, 0.76), 0.025, 900, 0.16),
    "kraft": _fibrous((0.72, 0.57, 0.4), 0.035, 1600, 0.2),
    "sticky": _sticky,
    "blackboard": _blackboard,
    "whiteboard": _whiteboard,
    "bright screen": _screen(1.0),
    "dark screen": _screen(0.0),
}


def _lines(num: int, through: float, pitch_px: float, width_px: float) -> np.ndarray:
    """Return the cover, in [0, 1], of parallel lines: float32 ``(num,)``."""
    place = (np.arange(num) + 0.5 - through) / pitch_px
    distance = np.abs(place - np.rint(place)) * pitch_px
    # A line thinner than a pixel is paler, not gone.
    cover = np.clip(width_px / 2 + 0.5 - distance, 0, min(width_px, 1.0))
    return np.asarray(cover, np.float32)


def _print(paper: np.ndarray, shade: np.ndarray, colour: Rgb) -> None:
    paper *= 1 - shade[:, :, None] * (1 - np.array(colour, np.float32))
