"""Printed lines and boxes, which are long, straight and thin: found and taken out of the ink."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_THICKEST_SHARE, _THINNEST_PX = 1 / 150, 5
_LONGEST_GAP, _BLANK_GAP = 2, 1.2
_SHORTEST_SHARE, _SHORTEST_UPRIGHT = 0.12, 0.25
_SLENDER = 20.0
_BOLD, _SHORTEST_BOLD, _EVEN = 3, 0.4, 0.25
_FILLED, _TRIMMINGS = 0.7, 4
_CROOKED_PX = 1.0
_SMALLEST_FRAME_PX = 24
_BAND, _COVERED, _FRAME_FILL = 0.15, 0.85, 0.55
_MOSTLY_LINE = 0.25
_FRAME_SIDE, _SLENDER_FRAME = 0.8, 7.0
_FEWEST_RUNGS = 3
_WRITTEN, _WRITTEN_LENGTH = 1.6, 2.5


def find_rulings(faint: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """Return the pixels of printed lines and boxes: bool ``(h, w)``.

    Where a stroke crosses a line, the run of ink across the line is longer than the line is thick,
    and stays: the way staff lines are taken out of sheet music (Dalitz et al., "A Comparative Study
    of Staff Removal Algorithms", TPAMI 2008). Where a stroke runs along a line, as the foot of a 2
    does, the line is darker than elsewhere, and stays, too.

    Args:
        faint: bool ``(h, w)``, whatever may be ink.
        contrast: float32 ``(h, w)``, see ``ink_contrast``.
    """
    longest = max(faint.shape)
    thickest = max(_THINNEST_PX, round(longest * _THICKEST_SHARE))
    # Boxes first: without their level lines the upright ones would look like a row of 1.
    rest = _without_frames(faint, contrast)
    level = _level_lines(rest, contrast, thickest, longest * _SHORTEST_SHARE, _SLENDER)
    rest &= ~level
    rest &= ~_upright_lines(rest, contrast, level, thickest)
    rest &= ~_bold_lines(rest, thickest, longest * _SHORTEST_BOLD)
    return np.asarray(faint & ~rest)


def _upright_lines(
    ink: np.ndarray, contrast: np.ndarray, level: np.ndarray, thickest: int
) -> np.ndarray:
    """Return the pixels of upright lines.

    A thin upright one may be a 1, unless it is far longer than a digit, or one of several whose
    both ends meet a level line.
    """
    from scipy import ndimage

    lines, rungs = np.zeros_like(ink), np.zeros_like(ink)
    near = ndimage.maximum_filter(level, 2 * thickest + 1) if level.any() else level
    num_rungs = 0
    for place, piece in _thin_pieces(ink.T, thickest, round(_BLANK_GAP * thickest)):
        columns, rows = place
        if piece.shape[1] >= max(ink.shape) * _SHORTEST_UPRIGHT:
            line = _line_in(piece, contrast.T[place], _SLENDER)
            if line is not None:
                lines.T[place] |= line
                continue
        middle = (columns.start + columns.stop) // 2
        if near[rows.start, middle] and near[rows.stop - 1, middle]:
            line = _line_in(piece, contrast.T[place], _SLENDER_FRAME)
            if line is not None:
                rungs.T[place] |= line
                num_rungs += 1
    return lines | rungs if num_rungs >= _FEWEST_RUNGS else lines


def _without_frames(ink: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """Return the ink without the boxes that its connected pieces are or hold on to."""
    from scipy import ndimage

    labels, _ = ndimage.label(ink, np.ones((3, 3), bool))
    rest = ink.copy()
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        if min(part.stop - part.start for part in place) >= _SMALLEST_FRAME_PX:
            piece = labels[place] == number
            inside = remove_frame(piece, contrast[place])
            if inside is not None:
                rest[place] &= inside | ~piece
    return rest


def remove_frame(piece: np.ndarray, contrast: np.ndarray) -> np.ndarray | None:
    """Return connected ink without the printed box, or row of boxes, that it is part of.

    Args:
        piece: bool ``(h, w)``, cut to its ink.
        contrast: float32 ``(h, w)`` of the same place.

    Returns:
        bool ``(h, w)``, or None if there is no box. A 0 is none: it does not reach into the
        corners.
    """
    if min(piece.shape) < _SMALLEST_FRAME_PX or piece.mean() > _FRAME_FILL:
        return None
    band_y, band_x = (max(2, round(side * _BAND)) for side in piece.shape)
    bands = [piece[:band_y].sum(0), piece[-band_y:].sum(0)]
    bands += [piece[:, :band_x].sum(1), piece[:, -band_x:].sum(1)]
    if min((band > 0).mean() for band in bands) < _COVERED:
        return None
    # The printed lines are thinner than most strokes, which therefore stay. Beside much of a line
    # there may be a stroke, such as the bar of a 7: so not the median.
    thickest = 2 + round(max(float(np.quantile(band, _MOSTLY_LINE)) for band in bands))
    shortest = _FRAME_SIDE * min(piece.shape)
    lines = _level_lines(piece, contrast, thickest, shortest, _SLENDER_FRAME)
    lines |= _level_lines(piece.T, contrast.T, thickest, shortest, _SLENDER_FRAME).T
    return np.asarray(piece & ~lines)


def _level_lines(
    ink: np.ndarray, contrast: np.ndarray, thickest: int, shortest: float, slender: float
) -> np.ndarray:
    """Return the pixels of lines that run from left to right, more or less level."""
    lines = np.zeros_like(ink)
    for place, piece in _thin_pieces(ink, thickest, round(_BLANK_GAP * thickest)):
        if piece.shape[1] < shortest:
            continue
        line = _line_in(piece, contrast[place], slender)
        if line is not None:
            lines[place] |= line
    return lines


def _bold_lines(ink: np.ndarray, thickest: int, shortest: float) -> np.ndarray:
    """Return the pixels of level lines that are as thick as strokes, but longer and more even.

    Across such a line nothing can be told from it, so that all of it goes.
    """
    lines = np.zeros_like(ink)
    for place, piece in _thin_pieces(ink, _BOLD * thickest, thickest):
        # Where a digit stands on the line, its columns are not thin.
        counts = piece.sum(0)[piece.any(0)]
        found = _curve_of(piece, _SLENDER) if piece.shape[1] >= shortest else None
        if found is None or found[1] <= thickest:
            continue
        curve, thickness = found
        if (np.abs(counts / thickness - 1) <= _EVEN).mean() >= _COVERED:
            heights = np.arange(len(piece))[:, None]
            lines[place] |= np.abs(heights - curve) <= _CROOKED_PX + thickness / 2
    return lines


def _thin_pieces(
    ink: np.ndarray, thickest: int, gap: int
) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
    """Yield where ink of at most this thickness runs on, bridging what crosses it, and its mask.

    So are gaps of ``gap`` pixels.
    """
    from scipy import ndimage

    thin = ink & ~_opened_down(ink, thickest + 1)
    bridged = _closed_right(thin, gap)
    bridged |= _closed_right(thin, _LONGEST_GAP * thickest) & ink
    # A slope of one pixel in a long run must not break a line.
    labels, _ = ndimage.label(bridged, np.ones((3, 3), bool))
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        # Nearly all are the thin parts of strokes.
        if place[1].stop - place[1].start >= _SMALLEST_FRAME_PX:
            yield place, thin[place] & (labels[place] == number)


def _line_in(piece: np.ndarray, contrast: np.ndarray, slender: float) -> np.ndarray | None:
    """Return the pixels of thin ink that are one line, straight or gently bent; None if it is none.

    Strokes that happen to follow one another leave the curve, and gaps between them.
    """
    found = _curve_of(piece, slender)
    if found is None:
        return None
    curve, thickness = found
    heights = np.arange(len(piece))[:, None]
    line = piece & (np.abs(heights - curve) <= _CROOKED_PX + thickness)
    return np.asarray(line & ~_written_over(line, contrast, thickness))


def _curve_of(piece: np.ndarray, slender: float) -> tuple[np.ndarray, float] | None:
    """Return the middle of one line, float64 ``(w,)``, and its thickness; None if it is none."""
    counts = piece.sum(0)
    columns = np.flatnonzero(counts)
    if len(columns) < _FILLED * len(counts):
        return None
    thickness = float(np.median(counts[columns]))
    if len(counts) < slender * thickness:
        return None
    heights = np.arange(len(piece))[:, None]
    rows = (piece * heights).sum(0)[columns] / counts[columns]
    # Paper curls, so a parabola is straight enough.
    places = np.arange(len(counts)) / len(counts) - 0.5
    most = _CROOKED_PX + thickness / 2
    near = np.full(len(columns), True)
    # Digits that stand on the line draw the mean of their columns away from it: the columns that
    # fit worst are left out, as in least trimmed squares (Rousseeuw 1984).
    for _ in range(_TRIMMINGS):
        bend = np.polynomial.polynomial.polyfit(places[columns[near]], rows[near], 2)
        curve = np.polynomial.polynomial.polyval(places, bend)
        away = np.abs(curve[columns] - rows)
        near = away <= max(most, float(np.quantile(away, _FILLED)))
    if (piece & (np.abs(heights - curve) <= most)).any(0).sum() < _FILLED * len(counts):
        return None
    return curve, thickness


def _written_over(line: np.ndarray, contrast: np.ndarray, thickness: float) -> np.ndarray:
    """Return the columns in which a line is much darker than elsewhere, over some length.

    Two lines that cross are darker, too, but no longer than they are thick.
    """
    shades = np.where(line, contrast, 0).max(0)
    dark = shades > _WRITTEN * np.median(shades[shades > 0])
    length = round(_WRITTEN_LENGTH * thickness) + 1
    return _opened_down(dark[:, None], length)[:, 0]


def _opened_down(mask: np.ndarray, length: int) -> np.ndarray:
    """Keep the vertical runs of at least ``length`` pixels."""
    return _spread_down(_eroded_down(mask, length), length)


def _closed_right(mask: np.ndarray, length: int) -> np.ndarray:
    """Fill the gaps of at most ``length`` pixels between runs of a row."""
    flipped = mask.T
    padded = np.pad(flipped, ((length, length), (0, 0)))
    wide = _spread_down(padded, length + 1)
    return _eroded_down(wide, length + 1)[length:-length].T if length else mask


def _eroded_down(mask: np.ndarray, length: int) -> np.ndarray:
    """Return where a run of ``length`` begins; by doubling, so that it takes few passes."""
    result, reach = mask.copy(), 1
    while reach < length:
        step = min(reach, length - reach)
        result[:-step] &= result[step:]
        result[max(len(result) - step, 0) :] = False
        reach += step
    return result


def _spread_down(mask: np.ndarray, length: int) -> np.ndarray:
    """Return every true pixel and the ``length`` - 1 below it."""
    result, reach = mask.copy(), 1
    while reach < length:
        step = min(reach, length - reach)
        result[step:] |= result[:-step]
        reach += step
    return result
