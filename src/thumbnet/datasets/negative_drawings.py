"""Simple things drawn in strokes, in the notation of ``negative_pen``; those to fit with.

None is a plain circle or an upright bar, which are 0 and 1, nor a loop on a stem (a balloon, an
upright key), which is 9, nor two loops one above the other (a snowman, an hourglass), which is 8.
"""

from __future__ import annotations

import math

import numpy as np

from thumbnet.datasets.negative_pen import Hand, draw_sketch, parse_sketch


def spiral(turns: float) -> str:
    """Return the sketch of a spiral; with fewer than two turns it would be a 6 or a 9."""
    num = round(turns * 8)
    points = []
    for step in range(num + 1):
        angle, radius = step * math.pi / 4, 4 + 44 * step / num
        points.append(f"{50 + radius * math.cos(angle):.1f},{50 + radius * math.sin(angle):.1f}")
    return " ".join(points)


def star(num_points: int, inner: float) -> str:
    """Return the outline of a star; ``inner`` is the radius of its dents, of 48."""
    points = []
    for step in range(2 * num_points + 1):
        angle, radius = math.pi * (step / num_points - 0.5), inner if step % 2 else 48
        points.append(f"{50 + radius * math.cos(angle):.1f},{50 + radius * math.sin(angle):.1f}*")
    return " ".join(points)


def wheel(num_rays: int, inner: float, outer: float) -> str:
    """Return strokes from radius ``inner`` to ``outer`` in all directions."""
    rays = []
    for step in range(num_rays):
        cos, sin = math.cos(2 * math.pi * step / num_rays), math.sin(2 * math.pi * step / num_rays)
        start = f"{50 + inner * cos:.1f},{50 + inner * sin:.1f}"
        rays.append(f"{start} {50 + outer * cos:.1f},{50 + outer * sin:.1f}")
    return " / ".join(rays)


FIT_DRAWINGS: dict[str, tuple[str, ...]] = {
    "house": (
        "15,45 15,98* 85,98* 85,45 / 3,52 50,5* 97,52 / 42,98 42,68* 60,68* 60,98",
        "10,40 10,98* 90,98* 90,40* 10,40* 50,2* 90,40 / 25,55 25,75* 45,75* 45,55* 25,55",
    ),
    "star": ("20,98 50,2* 82,98* 3,38* 97,38* 20,98", star(5, 20), star(6, 26), star(8, 24)),
    "asterisk": (wheel(6, 0, 48), wheel(8, 0, 48)),
    "heart": (
        "50,30* 32,5 5,20 12,55 50,98* 88,55 95,20 68,5 50,30",
        "50,98* 10,50 8,15 35,5 50,28* 66,4 94,16 88,52 50,98",
    ),
    "arrow": (
        "3,50 95,50 / 68,22 96,50* 68,80",
        "97,48 5,50 / 30,25 4,50* 32,76",
        "5,95 92,8 / 50,10 93,8* 90,52",
        "8,92 25,45 60,28 92,30 / 66,6 93,30* 72,56",
        "3,35 55,35* 55,12* 98,50* 55,88* 55,65* 3,65* 3,35",
        "5,50 95,50 / 25,28 4,50* 26,74 / 75,28 96,50* 74,74",
    ),
    "tick": ("5,60 35,95* 97,5", "3,50 28,92* 60,40 100,8"),
    "cross": ("8,5 92,95 / 90,8 6,94", "50,5 50,95 / 5,50 95,50"),
    "smiley": (
        "@50,50,48,48 / 33,35 / 67,35 / 25,62 50,82 75,62",
        "@50,50,48,48 / 33,28 33,42 / 67,28 67,42 / 25,75 50,62 75,76",
    ),
    "fish": (
        "97,20 60,75 30,82 5,50 30,18 60,25 97,82* 88,52* 97,20 / 22,42",
        "3,22 45,72 75,78 97,50 75,22 45,28 3,80* 3,22 / 80,44 / 62,30 56,50 62,70",
    ),
    "tree": (
        "42,98 42,60 / 58,98 58,60 / 50,60 15,58 12,28 35,20 50,2 70,18 90,30 82,58 50,60",
        "50,0 20,35* 38,35* 10,70* 90,70* 62,35* 80,35* 50,0 / 44,70 44,98* 56,98* 56,70",
        "50,100 50,20 / 50,70 15,42 / 50,60 85,30 / 50,40 25,15 / 50,30 72,5",
    ),
    "mug": (
        "15,15 18,95* 68,95* 73,15* 15,15 / 72,30 98,32 95,68 70,72",
        "85,15 82,95* 30,95* 27,15* 85,15 / 28,30 2,34 6,70 30,72 / 45,8 50,-8 / 62,8 66,-8",
    ),
    "goblet": ("15,2 20,40 50,55 80,40 85,2* 15,2 / 50,55 50,95 / 22,97 78,97",),
    "triangle": ("5,92 50,8* 96,92* 5,92", "8,8 92,12* 45,94* 8,8"),
    "square": ("8,8 8,92* 92,92* 92,8* 8,8", "3,20 3,80* 97,80* 97,20* 3,20"),
    "cube": ("8,35 8,95* 65,95* 65,35* 8,35 / 8,35 35,8* 92,8* 65,35 / 92,8 92,68* 65,95",),
    "sun": ("@50,50,22,22 / " + wheel(8, 30, 48), "@50,50,26,26 / " + wheel(12, 33, 48)),
    "spiral": (spiral(2.6), spiral(3.4)),
    "flower": (
        "@50,50,10,10 / @50,24,12,16 / @76,42,16,12 / @66,74,13,14 / @34,74,13,14 / @24,42,16,12",
        "@50,25,9,9 / @50,8,9,9 / @67,25,9,9 / @33,25,9,9 / @50,42,9,9 / 50,50 50,100"
        " / 50,85 70,65 88,62* 75,82 50,88",
    ),
    "umbrella": (
        "5,50 15,15 50,2 85,15 95,50* 80,42 65,50* 50,42 35,50* 20,42 5,50"
        " / 50,45 50,85 60,98 72,85",
    ),
    "key": ("@20,50,18,18 / 38,50 98,50 / 78,50 78,70 / 92,50 92,74",),
    "envelope": ("3,20 3,80* 97,80* 97,20* 3,20 / 3,20 50,58* 97,20",),
    "cloud": ("20,80 3,65 15,48 22,25 45,25 60,12 80,30 97,45 95,75 80,80* 20,80",),
    "lightning": ("60,0 15,58* 46,56* 30,100* 88,36* 56,38* 78,0* 60,0",),
    "crescent": ("65,3 25,15 8,50 25,85 65,97* 45,75 40,50 45,25 65,3",),
    "leaf": ("2,98 12,88 / 12,88 15,35 92,8* 86,65 12,88 / 12,88 70,30",),
    "mushroom": ("5,48 25,10 75,10 95,48* 5,48 / 38,48 34,96* 66,96* 62,48",),
    "boat": ("3,60 20,92* 80,92* 97,60* 3,60 / 50,60 50,5* 86,52* 50,52",),
    "person": ("@50,15,13,13 / 50,28 50,65 / 12,42 88,42 / 50,65 20,100 / 50,65 80,100",),
    "diamond": ("20,10 80,10* 98,38* 50,95* 2,38* 20,10 / 2,38 98,38 / 35,38 50,95* 65,38",),
    "table": ("3,30 97,30 / 15,30 12,95 / 85,30 88,95",),
}

_HAND = Hand(jitter=0.016, stroke_shift=0.012, slant=(-0.2, 0.2), turn_deg=9.0, stretch=0.2)
_FIT_OBJECTS = tuple(FIT_DRAWINGS.values())


def fit_drawing(rng: np.random.Generator) -> np.ndarray:
    """Draw one of ``FIT_DRAWINGS``: uint8 ``(64, 64)``, white on black."""
    return draw_object(_FIT_OBJECTS, rng)


def draw_object(objects: tuple[tuple[str, ...], ...], rng: np.random.Generator) -> np.ndarray:
    """Draw one form of one of the objects, each as likely as the others."""
    forms = objects[rng.integers(len(objects))]
    return draw_sketch(parse_sketch(forms[rng.integers(len(forms))]), _HAND, rng)
