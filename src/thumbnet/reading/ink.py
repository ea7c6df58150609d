"""Which pixels are ink."""

from __future__ import annotations

import numpy as np
from PIL import Image

from thumbnet.reading.paper import grain

LEAST_CONTRAST = 0.07
"""Nothing paler than this is ink, however even the paper is."""

_MOST_NOISE_LEVEL = 0.25
_DEVIATIONS = 4.0
_SHARE_OF_STRONGEST = 0.34
_FAINT = 0.6
_CELL_PX = 4
_NOISY, _MOST_BLUR_PX = 0.025, 2.0


def find_ink(contrast: np.ndarray, window_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which pixels are ink and which may be faint ink, bool ``(h, w)`` each.

    Ink is darker than the grain, and not much paler than the ink nearby.
    The second is what tells a pen from the pale rules under it and from the rim of its own stroke;
    it is asked of the neighbourhood because a shadow or a weaker pen may be elsewhere. Printed
    lines are looked for in faint ink too, where they are not broken.

    Args:
        contrast: float32 ``(h, w)``, see ``ink_contrast``.
        window_px: the neighbourhood is twice as wide.
    """
    from scipy import ndimage

    deviation = grain(contrast)
    least = min(max(_DEVIATIONS * deviation, LEAST_CONTRAST), _MOST_NOISE_LEVEL)
    if deviation > _NOISY:
        contrast = ndimage.gaussian_filter(contrast, min(deviation / _NOISY, _MOST_BLUR_PX))
        least = max(least / 2, LEAST_CONTRAST)
    height, width = contrast.shape
    image = Image.fromarray(contrast)
    cells = np.asarray(image.reduce(2))
    # The strongest of each cell, not its mean: a thin stroke must not be weakened by the paper.
    strongest = _largest_of_cells(cells, _CELL_PX // 2)
    reach = max(3, round(2 * window_px / _CELL_PX)) | 1
    nearby = ndimage.maximum_filter(strongest, reach)
    nearby = ndimage.uniform_filter(nearby, max(3, reach // 2) | 1)
    resized = Image.fromarray(nearby).resize((width, height), Image.Resampling.BILINEAR)
    level = np.maximum(np.asarray(resized) * _SHARE_OF_STRONGEST, least)
    return np.asarray(contrast > level), np.asarray(contrast > _FAINT * level)


def _largest_of_cells(values: np.ndarray, size: int) -> np.ndarray:
    """Return the largest of each ``size`` × ``size`` cell; cells at the edge may be smaller."""
    height, width = values.shape
    padded = np.pad(values, ((0, -height % size), (0, -width % size)))
    rows, columns = padded.shape
    return np.asarray(padded.reshape(rows // size, size, columns // size, size).max((1, 3)))
