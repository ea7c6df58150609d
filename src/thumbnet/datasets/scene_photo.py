"""A camera for made photos: a page seen from somewhere, in some light, by some sensor.

Everything is float32 ``(H, W, 3)`` in [0, 1], already gamma-encoded: shadows are multiplied there,
which looks as it should and keeps the numbers of ``scene_kinds`` readable.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from thumbnet.datasets.scene_ink import cloud, grain_noise

Corners = tuple[float, float, float, float]


@dataclass(frozen=True)
class View:
    """Where the camera is, and how the page lies.

    Attributes:
        to_page: float64 ``(3, 3)``, homography from the picture to the flattened page.
        size: width and height of the picture.
        curl_px: how far the page bulges at most.
        curl_length: of the bulge's wave, in pixels.
        curl_phase: of that wave, in radians.
    """

    to_page: np.ndarray
    size: tuple[int, int]
    curl_px: float = 0.0
    curl_length: float = 1.0
    curl_phase: float = 0.0

    def bulge(self, x: np.ndarray) -> np.ndarray:
        """Return by how much the page is moved downwards at columns."""
        return self.curl_px * np.sin(2 * math.pi * x / self.curl_length + self.curl_phase)

    def box_in_picture(self, box: Corners) -> tuple[int, int, int, int]:
        """Return the upright box around a box of the page, as seen in the picture."""
        left, top, right, bottom = box
        x, y = np.array([[left, right, right, left], [top, top, bottom, bottom]], np.float64)
        seen = np.linalg.inv(self.to_page) @ np.stack([x, y - self.bulge(x), np.ones(4)])
        xs, ys = seen[:2] / seen[2]
        return (
            *(math.floor(xs.min()), math.floor(ys.min())),
            *(math.ceil(xs.max()), math.ceil(ys.max())),
        )


def look_at(
    size: tuple[int, int],
    centre: tuple[float, float],
    turn_deg: float,
    perspective: float,
    curl: float,
    rng: np.random.Generator,
) -> View:
    """Choose a view of a page at about its own resolution.

    Args:
        size: width and height of the picture.
        centre: point of the page that is in the middle of the picture.
        turn_deg: how far the writing is turned clockwise, as seen.
        perspective: standard deviation of the corners, as a share of the shorter side.
        curl: how far the page bulges at most, as a share of the picture's height.
        rng: moves the corners.
    """
    width, height = size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    angle = math.radians(-turn_deg)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    on_page = (corners - [width / 2, height / 2]) @ turn.T + centre
    moves = np.clip(rng.standard_normal((4, 2)), -1.5, 1.5)
    on_page += perspective * min(size) * moves
    return View(
        _homography(corners, on_page),
        size,
        curl * height * rng.uniform(-1, 1),
        width * rng.uniform(1.2, 2.5),
        rng.uniform(0, 2 * math.pi),
    )


def photograph(
    page: np.ndarray, extent: Corners, desk: np.ndarray | None, view: View
) -> np.ndarray:
    """Return the picture of a page, and of the desk where the page's extent ends."""
    width, height = view.size
    picture = np.empty((height, width, 3), np.float32)
    # In strips: the coordinates of 12 megapixels would be 200 MB at a time.
    for first in range(0, height, 256):
        strip = slice(first, min(first + 256, height))
        ys, xs = np.mgrid[strip, 0:width] + 0.5
        x, y, z = np.einsum("ij,jhw->ihw", view.to_page, np.stack([xs, ys, np.ones_like(xs)]))
        x, y = x / z, y / z
        y = y + view.bulge(x)
        places = np.stack([y - 0.5, x - 0.5])
        for channel in range(3):
            picture[strip, :, channel] = ndimage.map_coordinates(
                page[:, :, channel], places, np.float32, order=1, mode="nearest"
            )
        if desk is not None:
            _show_desk(picture[strip], desk[strip], x, y, extent)
    return picture


def crease(page: np.ndarray, across: bool, place: float, rng: np.random.Generator) -> None:
    """Fold a page once, in place: its two halves lean, and the crease is a bright or dark line."""
    along = np.arange(page.shape[0 if across else 1], dtype=np.float32) - np.float32(place)
    reach = len(along) * rng.uniform(0.05, 0.2)
    lean = rng.uniform(0.06, 0.2) * rng.choice([-1, 1])
    light = 1 + lean * np.sign(along) * np.exp(-np.abs(along) / reach)
    light += rng.uniform(-0.2, 0.08) * np.exp(-((along / rng.uniform(0.7, 1.6)) ** 2))
    page *= (light[:, None] if across else light[None, :])[:, :, None]


def gradient(size: tuple[int, int], strength: float, rng: np.random.Generator) -> np.ndarray:
    """Return light that falls off to one side and to the corners: float32 ``(H, W)``, at most 1."""
    width, height = size
    ys, xs = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    angle = rng.uniform(0, 2 * math.pi)
    side = (math.cos(angle) * xs + math.sin(angle) * ys) / 1.42
    light = 1 - strength * (0.5 + 0.5 * side) * rng.uniform(0.5, 1)
    light *= 1 - 0.5 * strength * rng.uniform(0, 1) * (xs**2 + ys**2) / 2
    return np.asarray(light, np.float32)


def shadow(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return how much of a shadow lies where: float32 ``(H, W)`` in [0, 1].

    Its edge is straight, curved as an arm's, or that of a hand or a phone; hard or soft.
    """
    width, height = size
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    centre = (rng.uniform(0.25, 0.75) * width, rng.uniform(0.25, 0.75) * height)
    angle = rng.uniform(0, 2 * math.pi)
    along = (xs - centre[0]) * math.cos(angle) + (ys - centre[1]) * math.sin(angle)
    across = (ys - centre[1]) * math.cos(angle) - (xs - centre[0]) * math.sin(angle)
    unit = min(size)
    style = rng.integers(3)
    if style == 0:
        inside = along
    elif style == 1:
        inside = along + 0.25 * unit * np.sin(across / (unit * rng.uniform(0.25, 0.7)))
    else:
        inside = np.minimum(along, unit * rng.uniform(0.2, 0.45) - np.abs(across))
    blur_px = unit * (rng.uniform(0.004, 0.015) if rng.random() < 0.5 else rng.uniform(0.03, 0.12))
    return np.asarray(1 / (1 + np.exp(-np.clip(inside / blur_px, -30, 30))), np.float32)


def shade_with(picture: np.ndarray, cover: np.ndarray, rng: np.random.Generator) -> None:
    """Darken a picture, in place, where a shadow lies; shadows are lit by the sky, so bluer."""
    depth = rng.uniform(0.3, 0.6) * np.array([1.05, 1.0, 0.92], np.float32)
    picture *= 1 - cover[:, :, None] * depth.astype(np.float32)


def glare(picture: np.ndarray, rng: np.random.Generator) -> None:
    """Add the reflection of a lamp, in place."""
    height, width = picture.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    x = (xs - rng.uniform(0, 1) * width) / (width * rng.uniform(0.08, 0.2))
    y = (ys - rng.uniform(0, 1) * height) / (height * rng.uniform(0.05, 0.25))
    picture += rng.uniform(0.15, 0.45) * np.exp(-(x**2) - y**2)[:, :, None]


def defocus(picture: np.ndarray, sigma_px: float) -> np.ndarray:
    """Blur a picture as a lens out of focus does, nearly."""
    return np.asarray(ndimage.gaussian_filter(picture, (sigma_px, sigma_px, 0)))


def shake(picture: np.ndarray, length_px: float, rng: np.random.Generator) -> np.ndarray:
    """Blur a picture along a short straight movement."""
    angle = rng.uniform(0, math.pi)
    taps = max(round(length_px), 1) + 1
    mean = np.zeros_like(picture)
    for step in np.linspace(-length_px / 2, length_px / 2, taps):
        shift = (step * math.sin(angle), step * math.cos(angle), 0)
        mean += ndimage.shift(picture, shift, order=1, mode="nearest") / taps
    return mean


def sense(picture: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Add a sensor's noise: of light and of colour, smeared a little as phones do."""
    shape = picture.shape[:2]
    level = noise * np.sqrt(np.clip(picture.mean(axis=2), 0.05, 1) * 0.7 + 0.3)
    noisy: np.ndarray = picture + (level * grain_noise(shape, 0.6, rng))[:, :, None]
    for channel in range(3):
        noisy[:, :, channel] += 0.6 * level * grain_noise(shape, 1.1, rng)
    return noisy


def sharpen(picture: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    """Mask unsharply: edges get the halos that phones give them."""
    blurred = ndimage.gaussian_filter(picture, (*[rng.uniform(0.8, 1.8)] * 2, 0))
    return np.asarray(picture + amount * (picture - blurred))


def uneven_exposure(
    picture: np.ndarray, exposure: float, contrast: float, cast: float, rng: np.random.Generator
) -> None:
    """Expose a picture, in place: how bright, how flat, and how warm or cold."""
    warm = rng.uniform(-cast, cast)
    tint = np.array([1 + warm, 1 + rng.uniform(-0.2, 0.2) * warm, 1 - warm], np.float32)
    picture *= np.float32(exposure) * tint
    haze = np.float32(exposure * rng.uniform(0.6, 0.85))
    picture += (1 - np.float32(contrast)) * (haze - picture)
    picture *= 1 + 0.01 * cloud(picture.shape[:2], max(picture.shape) / 3, rng)[:, :, None]


def _show_desk(
    picture: np.ndarray, desk: np.ndarray, x: np.ndarray, y: np.ndarray, extent: Corners
) -> None:
    """Put the desk where the page is not, in place, under the shadow of the page's edge."""
    left, top, right, bottom = extent
    inside = np.minimum(np.minimum(x - left, right - x), np.minimum(y - top, bottom - y))
    paper = np.clip(inside + 0.5, 0, 1).astype(np.float32)[:, :, None]
    edge = 1 - 0.55 * np.exp(np.minimum(inside, 0) / 6).astype(np.float32)[:, :, None]
    picture *= paper
    picture += (1 - paper) * desk * edge


def _homography(points: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Return the homography that takes four points ``(4, 2)`` to their images."""
    rows = []
    for (x, y), (u, v) in zip(points, images, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    solved = np.linalg.solve(np.array(rows), images.reshape(-1))
    return np.append(solved, 1.0).reshape(3, 3)
