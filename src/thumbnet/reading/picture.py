"""A photo at the size that reading works at: grey, dark ink on light paper."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from thumbnet.images import decode_grey, image_to_pixels, to_grey
from thumbnet.inference.pictures import decode_pictures

LONGEST_PX, SHORTEST_PX = 2048, 256
"""The longer side of the working picture is made to lie between these."""

_SURVEY_PX = 256
# Odd windows of the survey, each about twice the last: strokes narrower than one are closed by it.
_WINDOWS_PX = (5, 9, 17, 33, 65, 97)
_STEP, _LEAST_RANGE, _NOISES = 0.2, 24.0, 8.0
_FEW, _LEAST = 0.004, 0.0005
_NUM_NARROW, _DECISIVE = 4, 2.5
_SATURATED = 0.8
_SMALLEST_WINDOW = 2


@dataclass(frozen=True)
class Picture:
    """A photo, ready to be read.

    Attributes:
        grey: uint8 ``(h, w)`` at working size, the ink darker than the paper.
        scale: working pixels to a pixel of the upright photo.
        width: of the upright photo.
        height: of the upright photo.
        was_light: whether the ink was lighter than the paper, so that ``grey`` is the negative.
        is_certain: whether there was no doubt about that.
        window_px: a width, in working pixels, that strokes stay below.
        brightness: the mean grey value of the photo itself, in [0, 255].
    """

    grey: np.ndarray
    scale: float
    width: int
    height: int
    was_light: bool
    is_certain: bool
    window_px: int
    brightness: float

    def negative(self) -> Picture:
        """Return the same photo, taken for the other polarity."""
        grey = 255 - self.grey
        dark, _ = stroke_shares(shrink(grey, _SURVEY_PX))
        return replace(
            self,
            grey=grey,
            was_light=not self.was_light,
            is_certain=True,
            window_px=_window_px(dark, grey),
        )


def open_picture(image: Any) -> Picture:
    """Decode one picture and make it ready.

    Args:
        image: a path, the bytes of a file, a PIL image, or a uint8 array ``(H, W)``,
            ``(H, W, 1)``, ``(H, W, 3)`` or ``(H, W, 4)``. Only here may it be dark or light ink.

    Raises:
        ImageError: it cannot be decoded.
    """
    if isinstance(image, (str, Path)):
        grey, (height, width) = decode_grey(Path(image), side_px=LONGEST_PX // 2)
    elif isinstance(image, bytes):
        grey, (height, width) = decode_grey(image, side_px=LONGEST_PX // 2)
    else:
        grey = to_grey(_one_picture(image))
        height, width = grey.shape
    fitted = _fit(grey)
    dark, light = stroke_shares(shrink(fitted, _SURVEY_PX))
    was_light, is_certain = light_on_dark(dark, light)
    return Picture(
        grey=255 - fitted if was_light else fitted,
        scale=max(fitted.shape) / max(height, width),
        width=width,
        height=height,
        was_light=was_light,
        is_certain=is_certain,
        window_px=_window_px(light if was_light else dark, fitted),
        brightness=float(fitted.mean()),
    )


def _one_picture(image: Any) -> np.ndarray:
    if isinstance(image, Image.Image):
        return image_to_pixels(image)
    (pixels,) = decode_pictures([image])
    return pixels


def _fit(grey: np.ndarray) -> np.ndarray:
    """Return a picture at working size: reduced by a whole factor, or enlarged smoothly."""
    longest = max(grey.shape)
    if longest > LONGEST_PX:
        return np.asarray(Image.fromarray(grey).reduce(-(-longest // LONGEST_PX)))
    if longest < SHORTEST_PX:
        factor = -(-SHORTEST_PX // longest)
        size = (grey.shape[1] * factor, grey.shape[0] * factor)
        return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BICUBIC))
    return grey


def _window_px(shares: list[float], grey: np.ndarray) -> int:
    """Return the usual window in pixels of the working picture."""
    longest: int = max(grey.shape)
    return round(usual_window(shares) * longest / min(longest, _SURVEY_PX))


def shrink(grey: np.ndarray, longest_px: int) -> np.ndarray:
    """Return uint8 ``(h, w)`` averaged down until its longer side is at most ``longest_px``."""
    longest = max(grey.shape)
    if longest <= longest_px:
        return grey
    height, width = (max(1, round(side * longest_px / longest)) for side in grey.shape)
    return np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.BOX))


def stroke_shares(small: np.ndarray) -> tuple[list[float], list[float]]:
    """Return, for each window, the share of a picture that is dark, and light, strokes.

    A dark stroke is what a grey closing by the window fills, a light one what an opening takes
    away (Serra, "Image Analysis and Mathematical Morphology", 1982). The edge of a shadow or of
    the sheet is neither, which is why this is asked and not which grey is the rarer.
    """
    from scipy import ndimage

    values = small.astype(np.float32)
    # A few small digits are one pixel in a thousand of a page.
    low, high = np.percentile(values, [0.1, 99.9])
    noise = np.median(np.abs(values - ndimage.uniform_filter(values, 3)))
    step = max(_STEP * max(float(high - low), _LEAST_RANGE), _NOISES * float(noise))
    dark, light = [], []
    for window in _WINDOWS_PX:
        dark.append(float((ndimage.grey_closing(values, window) - values > step).mean()))
        light.append(float((values - ndimage.grey_opening(values, window) > step).mean()))
    return dark, light


def light_on_dark(dark: list[float], light: list[float]) -> tuple[bool, bool]:
    """Return whether the ink is light on dark, and whether that is certain.

    Strokes have a width: once the window is wider, no more of them is found. The paper between
    strokes has none: the wider the window, the more of it counts as strokes. And strokes are narrow
    already where a dark desk or the paper between two rows is not.
    """
    larger = [max(pair) for pair in zip(dark, light, strict=True)]
    # The corners of thick strokes are narrow too: a few pixels must not decide.
    first = next((index for index, share in enumerate(larger) if share >= _FEW), -1)
    strengths = [shares[first] * _settled(shares) for shares in (dark, light)]
    return strengths[1] > strengths[0], max(strengths) > _DECISIVE * min(strengths)


def _settled(shares: list[float]) -> float:
    """Return the mean share over the small windows as a part of the largest; 0 for next to none.

    Large windows are asked only where nothing is narrow: they see the dark corners of a photo too.
    """
    narrow = shares[:_NUM_NARROW] if shares[_NUM_NARROW - 1] >= _FEW else shares
    largest = max(narrow)
    return sum(narrow) / len(narrow) / largest if largest >= _LEAST else 0.0


def usual_window(shares: list[float]) -> int:
    """Return a window that closes the strokes: the first after which hardly more is closed."""
    for index in range(len(shares) - 1):
        if shares[index] >= _SATURATED * shares[index + 1] and shares[index] >= _FEW:
            return _WINDOWS_PX[max(index + 1, _SMALLEST_WINDOW)]
    return _WINDOWS_PX[-1]
