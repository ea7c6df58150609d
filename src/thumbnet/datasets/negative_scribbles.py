"""Strokes that mean nothing: tangles, coils, zigzags, hatching, crossings-out.

Each has so many bends that it cannot pass for a digit: one loop is a 0, one zigzag a 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from thumbnet.datasets.negative_pen import draw_curves, smooth, turn

_Strokes = list[np.ndarray]


def scribble(rng: np.random.Generator) -> np.ndarray:
    """Draw a scribble: uint8 ``(64, 64)``, white on black."""
    strokes = _MAKERS[rng.integers(len(_MAKERS))](rng)
    starts = np.cumsum([0, *map(len, strokes)]).tolist()
    return draw_curves(np.concatenate(strokes), tuple(starts), rng, widest=1 / 11)


def _tangle(rng: np.random.Generator) -> _Strokes:
    return [smooth(rng.random((rng.integers(11, 21), 2)))]


def _coil(rng: np.random.Generator) -> _Strokes:
    num_turns = rng.uniform(3, 8)
    angles = np.linspace(0, 2 * math.pi * num_turns, round(14 * num_turns))
    drift = rng.uniform(0.25, 0.8)
    radius = 1 + rng.uniform(0, 0.3) * np.sin(angles * rng.uniform(0.1, 0.4))
    coil = np.stack([drift * angles / 2 + radius * np.cos(angles), radius * np.sin(angles)], axis=1)
    return [turn(coil * [1, rng.uniform(0.8, 2.5)], rng.uniform(-40, 40))]


def _zigzag(rng: np.random.Generator) -> _Strokes:
    points = _zigzag_points(int(rng.integers(7, 15)), 0.12, rng, smoothed=rng.random() < 0.5)
    return [turn(points * [rng.uniform(1, 3), 1], rng.uniform(-60, 60))]


def _hatching(rng: np.random.Generator) -> _Strokes:
    angle = rng.uniform(-80, 80)
    lines = _parallels(int(rng.integers(4, 10)), angle, rng)
    if rng.random() < 0.45:
        lines += _parallels(int(rng.integers(3, 9)), angle + rng.uniform(60, 120), rng)
    return lines


def _parallels(num_lines: int, angle_deg: float, rng: np.random.Generator) -> _Strokes:
    lines = []
    for place in np.linspace(-0.5, 0.5, num_lines):
        ends = np.array([[-0.5, place], [0.0, place], [0.5, place]])
        ends += rng.standard_normal((3, 2)) * [0.06, 0.25 / num_lines / 2]
        lines.append(turn(smooth(ends, 3), angle_deg))
    return lines


def _crossing_out(rng: np.random.Generator) -> _Strokes:
    points = _zigzag_points(int(rng.integers(10, 22)), 0.15, rng, smoothed=rng.random() < 0.7)
    strokes = [turn(points * [rng.uniform(0.6, 2.2), 1], rng.uniform(-30, 30))]
    if rng.random() < 0.4:
        back = _zigzag_points(int(rng.integers(6, 12)), 0.15, rng)
        strokes.append(turn(back * [1.2, 1], rng.uniform(-70, 70)))
    return strokes


def _signature(rng: np.random.Generator) -> _Strokes:
    steps = np.linspace(0, 1, 110)
    waves = rng.uniform(3, 9, 3)[:, None] * steps + rng.random((3, 1))
    first, second, third = np.sin(2 * math.pi * waves)
    height = rng.uniform(0.15, 0.4)
    x = steps * rng.uniform(1.0, 1.8) + 0.08 * first
    y = height * (second + 0.6 * third) * (1 - 0.6 * steps)
    return [turn(np.stack([x, y], axis=1), rng.uniform(-25, 10))]


def _nest(rng: np.random.Generator) -> _Strokes:
    angles = np.linspace(0, 2 * math.pi * rng.uniform(3, 6), 100)
    # With a smaller second circle the middle stays empty, and the nest is a thick 0.
    shape = rng.uniform(0.75, 1.2, 2)
    ratio = rng.uniform(0.55, 0.9)
    x = np.cos(angles) + shape[0] * np.cos(ratio * angles + 1)
    y = np.sin(angles) + shape[1] * np.sin(1.3 * ratio * angles)
    return [np.stack([x, y], axis=1)]


def _zigzag_points(
    num_turns: int, jitter: float, rng: np.random.Generator, smoothed: bool = False
) -> np.ndarray:
    """Return a zigzag ``(S, 2)`` from left to right in the unit square."""
    points = np.empty((num_turns, 2))
    points[:, 0] = np.linspace(0, 1, num_turns)
    points[:, 1] = np.arange(num_turns) % 2
    points += jitter * rng.standard_normal(points.shape) * [1 / num_turns, 1]
    return smooth(points) if smoothed else points


_MAKERS: tuple[Callable[[np.random.Generator], _Strokes], ...] = (
    *(_tangle, _coil, _zigzag, _hatching, _crossing_out, _signature, _nest),
)
