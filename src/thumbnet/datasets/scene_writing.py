"""Writing for made photos: one hand that sets signs beside one another in rows or in boxes.

Places are in pixels of a page, x to the right and y downwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from thumbnet.datasets.made_digits import DIGIT_FORMS
from thumbnet.datasets.negative_drawings import FIT_DRAWINGS
from thumbnet.datasets.negative_fonts import FIT_FONTS, font_path
from thumbnet.datasets.negative_letters import LETTER_FORMS
from thumbnet.datasets.scene_ink import (
    Trace,
    draw_trace,
    trace_digit,
    trace_sketch,
    trace_strokes,
    wandering_stroke,
)
from thumbnet.errors import DataError

Corners = tuple[float, float, float, float]  # left, top, right, bottom

_INK = 0.3  # Shade from which a pixel counts as ink.
_NARROW = 0.35  # Of the height; a 1 pushed into another stroke would only thicken it.
_REACH = 0.08  # Of the height; the gap to a stroke is seen a little above and below it too.
_PHONE_GROUPS = ((3, 3, 4), (3, 4, 4), (2, 2, 2, 2, 2), (4, 4), (5, 6), (3, 2, 2))
_LOW_LETTERS = "acemnpruvwxy"  # without an ascender
# No letter of theirs looks like a digit.
_WORDS = (
    *("paper", "date", "name", "camera", "kitchen", "water", "March", "rain", "train", "Peter"),
    *("day", "hand", "winter", "Tuna", "feather", "Maria", "my", "dear", "thank", "KWH", "NET"),
)


@dataclass(frozen=True)
class Manner:
    """How one writer writes; lengths are shares of a digit's height.

    Attributes:
        size_px: height of a digit.
        pen_width: of the stroke.
        slant: to the right, in x per y.
        gap: lowest and highest distance between the ink of neighbours.
        tuck: how far a digit may reach under or over the box of the one before.
        touching: share of neighbours whose ink meets.
        stretch: width as a share of the usual one.
        unsteady: 0 for a machine, 1 for a usual hand.
    """

    size_px: float
    pen_width: float
    slant: float
    gap: tuple[float, float]
    tuck: float = 0.1
    touching: float = 0.0
    stretch: float = 1.0
    unsteady: float = 1.0


@dataclass(frozen=True)
class RowPath:
    """A line that a hand writes along: straight, with a wave on it.

    Attributes:
        start: its left end, x and y.
        right: where the room ends.
        tilt: y per x.
        wave: amplitude and length of the wave, in pixels.
        phase: of the wave at its left end, in radians.
    """

    start: tuple[float, float]
    right: float
    tilt: float = 0.0
    wave: tuple[float, float] = (0.0, 1.0)
    phase: float = 0.0

    def y(self, x: float) -> float:
        """Return the height of the line at a column."""
        amplitude, length = self.wave
        along = 2 * math.pi * (x - self.start[0]) / length + self.phase
        return self.start[1] + self.tilt * (x - self.start[0]) + amplitude * math.sin(along)


class Writer(Protocol):
    """Who knows what is written and what it looks like."""

    def groups(self, num: int, spaced: bool) -> list[str]:
        """Return about ``num`` signs, in groups with space between them."""

    def trace(self, sign: str) -> Trace:
        """Return a sign as it is written this time."""


class Digits:
    """One writer's digits.

    Args:
        digits: uint8 ``(M, 28, 28)``, white on black.
        labels: ``(M,)``, 0 to 9.
        own_forms: write in the forms of ``made_digits``, always the same for a digit, instead.
        rng: chooses.

    Raises:
        DataError: the digits are of another form, or one of the ten is missing.
    """

    def __init__(
        self, digits: np.ndarray, labels: np.ndarray, own_forms: bool, rng: np.random.Generator
    ) -> None:
        _check(digits, labels)
        self._digits, self._rng = digits, rng
        self._places = [np.flatnonzero(labels == digit) for digit in range(10)]
        self._forms: dict[str, str] = {}
        if own_forms:
            self._forms = {
                digit: forms[rng.integers(len(forms))] for digit, forms in DIGIT_FORMS.items()
            }

    def groups(self, num: int, spaced: bool) -> list[str]:
        """Return ``num`` digits, or those of a phone number in its groups."""
        sizes = _PHONE_GROUPS[self._rng.integers(len(_PHONE_GROUPS))] if spaced else (num,)
        return ["".join(map(str, self._rng.integers(0, 10, size))) for size in sizes]

    def trace(self, sign: str) -> Trace:
        """Return the digit as it is written this time."""
        if self._forms:
            return trace_sketch(self._forms[sign], 0.018, self._rng)
        places = self._places[int(sign)]
        return trace_digit(self._digits[places[self._rng.integers(len(places))]])


class Letters:
    """Words in letters that no digit looks like."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def groups(self, num: int, spaced: bool) -> list[str]:  # noqa: ARG002 (as all writers)
        """Return words of about ``num`` letters together."""
        words: list[str] = []
        while sum(map(len, words)) < num:
            words.append(_WORDS[self._rng.integers(len(_WORDS))])
        return words

    def trace(self, sign: str) -> Trace:
        """Return the letter as it is written this time; a small one is lower."""
        forms = LETTER_FORMS[sign]
        form = forms[self._rng.integers(len(forms))]
        return trace_sketch(form, 0.018, self._rng, 0.62 if sign in _LOW_LETTERS else 1.0)


class Doodles:
    """Things that people draw while they think, and tangles."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def groups(self, num: int, spaced: bool) -> list[str]:  # noqa: ARG002 (as all writers)
        """Return sketches, not signs: each is a group of its own."""
        return ["~"] * num

    def trace(self, sign: str) -> Trace:  # noqa: ARG002 (as all writers)
        """Return one of the drawings of ``negative_drawings``, or a tangle."""
        if self._rng.random() < 0.3:
            return trace_strokes(
                [wandering_stroke(int(self._rng.integers(9, 16)), self._rng)], self._rng
            )
        objects = tuple(FIT_DRAWINGS.values())
        forms = objects[self._rng.integers(len(objects))]
        return trace_sketch(forms[self._rng.integers(len(forms))], 0.016, self._rng)


@dataclass
class Sheet:
    """What has been written on a page so far.

    Attributes:
        shade: float32 ``(H, W)`` in [0, 1], where the pen went.
        lines: the signs of every row, and the corners of their ink.
        num_others: number of signs that belong to no line.
    """

    shade: np.ndarray
    lines: list[tuple[str, list[Corners]]] = field(default_factory=list)
    num_others: int = 0


@dataclass(frozen=True)
class _Stamp:
    """A sign drawn: its shade, the corners of its ink in it, and where its baseline is in it."""

    shade: np.ndarray
    ink: tuple[int, int, int, int]
    baseline: float


class _Row:
    """The signs of a row so far, and where the ink ends in every row of the page's pixels."""

    def __init__(self, page: np.ndarray) -> None:
        self.page = page
        self.boxes: list[Corners] = []
        self.ends = np.full(len(page), -math.inf)

    def put(self, stamp: _Stamp, x: float, y: float) -> None:
        """Put a stamp so that its ink begins at column x and its first row is at y."""
        left, top, right, bottom = stamp.ink
        x, y = round(x) - left, round(y)
        _paste(self.page, stamp.shade, x, y)
        self.boxes.append((x + left, y + top, x + right, y + bottom))
        ink = stamp.shade[top:bottom] > _INK
        last = x + ink.shape[1] - np.argmax(ink[:, ::-1], axis=1)
        last = np.where(ink.any(axis=1), last, -math.inf)
        rows = np.arange(y + top, y + bottom)
        inside = (rows >= 0) & (rows < len(self.ends))
        np.maximum.at(self.ends, rows[inside], last[inside])

    def after_last(self, stamp: _Stamp, y: float, gap: float, reach: int) -> float:
        """Return the column where a stamp's ink must begin to keep a gap to the ink so far."""
        left, top, _, bottom = stamp.ink
        ink = stamp.shade[top:bottom] > _INK
        starts = np.argmax(ink, axis=1) - left
        rows = round(y) + np.arange(top, bottom)
        seen = ndimage.maximum_filter1d(self.ends, 2 * reach + 1)
        both = (rows >= 0) & (rows < len(seen)) & ink.any(axis=1)
        both[both] = np.isfinite(seen[rows[both]])
        if not both.any():
            return self.boxes[-1][2] + gap
        return float((seen[rows[both]] - starts[both]).max()) + gap


def write_row(
    sheet: Sheet,
    groups: Sequence[str],
    path: RowPath,
    writer: Writer,
    manner: Manner,
    rng: np.random.Generator,
    counted: bool = True,
) -> None:
    """Write groups of signs along a path as far as there is room.

    Args:
        sheet: is written on; a row for which there was no room is not added to its lines.
        groups: signs, with space between the groups; all together are one line.
        path: where.
        writer: what the signs look like.
        manner: how.
        rng: the hand.
        counted: whether the row is one of the sheet's lines.
    """
    size, row, text = manner.size_px, _Row(sheet.shade), ""
    for index, sign in enumerate("".join(groups)):
        begins = index in np.cumsum([len(group) for group in groups])
        stamp = _draw(writer.trace(sign), manner, rng)
        left, _, right, _ = stamp.ink
        gap = size * rng.uniform(*manner.gap) + begins * size * rng.uniform(0.35, 0.7)
        wobble = 0.035 * size * manner.unsteady * rng.standard_normal() - stamp.baseline
        x = path.start[0]
        if row.boxes:
            # The row is followed at the middle of where the sign will stand.
            y = path.y(row.boxes[-1][2] + (right - left) / 2) + wobble
            x = _next_place(row, stamp, y, gap, manner, 1.0 if begins else rng.random())
        if x + right - left > path.right:
            break
        row.put(stamp, x, path.y(x + (right - left) / 2) + wobble)
        text += sign
    if not counted:
        sheet.num_others += len(text)
    elif text:
        sheet.lines.append((text, row.boxes))


def write_in_boxes(
    sheet: Sheet,
    text: str,
    cells: Sequence[Corners],
    writer: Writer,
    manner: Manner,
    rng: np.random.Generator,
) -> None:
    """Write one sign into each cell, about its middle; together they are one line."""
    row = _Row(sheet.shade)
    for sign, (left, top, right, bottom) in zip(text, cells, strict=True):
        stamp = _draw(writer.trace(sign), manner, rng)
        ink = stamp.ink
        x, y = rng.standard_normal(2) * 0.05 * (bottom - top) * manner.unsteady
        x += (left + right - (ink[2] - ink[0])) / 2
        row.put(stamp, x, y + (top + bottom - (ink[1] + ink[3])) / 2)
    sheet.lines.append((text, row.boxes))


def print_text(sheet: Sheet, room: Corners, size_px: float, rng: np.random.Generator) -> None:
    """Print lines of words in one of Matplotlib's fonts, as many as there is room for."""
    left, top, right, bottom = room
    font = ImageFont.truetype(str(font_path(FIT_FONTS[rng.integers(len(FIT_FONTS))])), size_px)
    canvas = Image.new("L", (sheet.shade.shape[1], sheet.shade.shape[0]))
    draw = ImageDraw.Draw(canvas)
    for y in np.arange(top, bottom - 1.4 * size_px, 1.5 * size_px):
        words = list(rng.choice(_WORDS, rng.integers(1, 12)))
        while words and draw.textlength(" ".join(words), font) > right - left:
            words.pop()
        draw.text((left, float(y)), " ".join(words), fill=255, font=font)
        sheet.num_others += sum(map(len, words))
    np.maximum(sheet.shade, np.asarray(canvas, np.float32) / 255, out=sheet.shade)


def _next_place(
    row: _Row, stamp: _Stamp, y: float, gap: float, manner: Manner, chance: float
) -> float:
    """Return where the ink of the next sign begins: near the last one's or touching it."""
    size, last = manner.size_px, row.boxes[-1]
    narrow = min(stamp.ink[2] - stamp.ink[0], last[2] - last[0]) < _NARROW * size
    if chance < manner.touching and not narrow:
        return row.after_last(stamp, y, -max(0.5 * manner.pen_width * size, 1.0), 0)
    nearest = row.after_last(stamp, y, gap, round(_REACH * size))
    return max(nearest, last[2] - manner.tuck * size, last[0] + 0.3 * size)


def _draw(trace: Trace, manner: Manner, rng: np.random.Generator) -> _Stamp:
    """Draw a sign as the writer makes it this time."""
    unsteady = manner.unsteady
    size_px = manner.size_px * math.exp(0.06 * unsteady * rng.standard_normal())
    # Most of the strangers' own slants goes, or nobody would believe in one writer.
    slant = manner.slant + 0.25 * trace.slant + 0.05 * unsteady * rng.standard_normal()
    stretch = manner.stretch * math.exp(0.06 * unsteady * rng.standard_normal())
    radius_px = max(manner.pen_width * manner.size_px / 2, 0.55)
    turn_deg = 2.5 * unsteady * rng.standard_normal()
    shade, baseline = draw_trace(trace, size_px, slant, turn_deg, stretch, radius_px)
    ys, xs = np.nonzero(shade > _INK)
    ink = (int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)
    return _Stamp(shade, ink, baseline)


def _paste(page: np.ndarray, shade: np.ndarray, x: int, y: int) -> None:
    """Add a shade to a page with its corner at x and y; what is outside is lost."""
    height, width = shade.shape
    up, down = max(-y, 0), min(page.shape[0] - y, height)
    begin, end = max(-x, 0), min(page.shape[1] - x, width)
    if up < down and begin < end:
        place = page[y + up : y + down, x + begin : x + end]
        np.maximum(place, shade[up:down, begin:end], out=place)


def _check(digits: np.ndarray, labels: np.ndarray) -> None:
    expected = "uint8 (M, 28, 28) and M labels"
    if digits.dtype != np.uint8 or digits.shape != (len(labels), 28, 28):
        raise DataError(
            "these are no digits to write with",
            got=f"{digits.dtype} {digits.shape} and {len(labels)} labels",
            expected=expected,
        )
    missing = sorted(set(range(10)) - set(np.unique(labels).tolist()))
    if missing:
        raise DataError(
            "a writer needs an example of every digit",
            got=f"none of {', '.join(map(str, missing))}",
            expected=f"{expected} that hold 0 to 9",
        )
