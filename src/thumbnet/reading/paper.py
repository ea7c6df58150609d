"""What a photo would be without its ink, and how much darker the ink is."""

from __future__ import annotations

import numpy as np
from PIL import Image

from thumbnet.reading.picture import Picture, shrink

_CANVAS_PX = 640
_DARKEST_PAPER = 12.0


def estimate_paper(picture: Picture) -> np.ndarray:
    """Return the paper's grey, float32 ``(h, w)`` of the working picture.

    A grey closing by a window that strokes are narrower than: it fills them and leaves the edges of
    shadows where they are. It is made on a smaller picture, where grain is averaged away.
    """
    from scipy import ndimage

    small = shrink(picture.grey, _CANVAS_PX)
    window = max(3, round(picture.window_px * max(small.shape) / max(picture.grey.shape))) | 1
    closed = ndimage.grey_closing(small, window)
    smooth = ndimage.uniform_filter(closed.astype(np.float32), 3)
    height, width = picture.grey.shape
    resized = Image.fromarray(smooth).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized)


def ink_contrast(picture: Picture, paper: np.ndarray) -> np.ndarray:
    """Return how much darker than the paper each pixel is: float32 ``(h, w)`` in [0, 1].

    The quotient, not the difference: ink takes away the same share of the light in a shadow.
    What most pixels show is the paper's own grain, which is taken off.
    """
    contrast = 1 - picture.grey / np.maximum(paper, _DARKEST_PAPER)
    usual = float(np.median(contrast[::4, ::4]))
    contrast -= max(usual, 0.0)
    np.clip(contrast, 0, 1, out=contrast)
    return np.asarray(contrast)


def grain(contrast: np.ndarray) -> float:
    """Return the deviation of the paper's grain, in units of the contrast.

    The clipped lower half is gone, so it is told from the share of pixels above the median: the
    0.6827 quantile of a half-normal distribution lies at one deviation.
    """
    sample = contrast[::4, ::4]
    return float(np.quantile(sample, 0.5 + 0.6827 / 2))
