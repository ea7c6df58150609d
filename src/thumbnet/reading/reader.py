"""The reader: a photo in, lines of digits out."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from thumbnet.errors import ModelError
from thumbnet.inference.locate import bundled_model
from thumbnet.inference.model_file import read_sealed
from thumbnet.inference.recogniser import Answers, Recogniser
from thumbnet.reading.agreement import (
    WEIGHT,
    WEIGHT_BESIDE_OTHERS,
    agree,
    combined,
    judged,
)
from thumbnet.reading.digits import certainties, make_digit
from thumbnet.reading.glyphs import frame_glyph, is_centred, to_pixels
from thumbnet.reading.lines import believable, reading_weight, without_specks
from thumbnet.reading.marks import find_marks
from thumbnet.reading.options import ALL_DIGITS, ReadOptions
from thumbnet.reading.paths import atoms_of, candidates
from thumbnet.reading.picture import Picture, open_picture
from thumbnet.reading.pieces import Piece
from thumbnet.reading.result import Line, Reading
from thumbnet.reading.row_recogniser import RowAnswer, RowRecogniser
from thumbnet.reading.rows import Row
from thumbnet.reading.strips import cut_strip
from thumbnet.reading.words import numbers_in

_DARK, _BRIGHT = 50.0, 252.0
# Where next to nothing was read, the polarity may have been misjudged after all.
_LITTLE, _MARGIN, _CLEAR = 2.0, 2.0, 0.95
# And where an uncertain polarity reads this much, it is right: on made scenes the wrong one never
# came to more than half of it.
_ENOUGH = 6.0


@dataclass
class Stages:
    """What every step made of the picture.

    Attributes:
        pictures: name of the step and uint8 ``(h, w)`` or ``(h, w, 3)``; all but the last, the rows
            as strips, of one size.
        scale: their pixels to a pixel of the upright picture.
    """

    pictures: list[tuple[str, np.ndarray]] = field(default_factory=list)
    scale: float = 1.0


@dataclass(frozen=True)
class _Found:
    """All that was found in one polarity of a picture."""

    lines: tuple[Line, ...]
    has_ink: bool


@dataclass(frozen=True)
class _Recognised:
    """The rows that say something, and from what they were read: atoms and strips of all rows.

    Attributes:
        other_heights: of what stands in the rows that do not, in the picture's pixels.
    """

    lines: list[Line]
    atoms: list[Piece]
    strips: list[np.ndarray]
    other_heights: list[float]


class Reader:
    """Reads digits in pictures with a recogniser of digits, from any number of threads.

    Attributes:
        recogniser: of the ten digits, in MNIST's frame.
        row_weight: what the row read whole counts in a digit's probabilities, in [0, 1]: less
            beside another recogniser than the bundled one, such as one tuned to a person's hand.
    """

    recogniser: Recogniser
    row_weight: float

    def __init__(self, recogniser: Recogniser, *, threads: int | None = None) -> None:
        """Take a recogniser of single digits; the network that reads whole rows is bundled.

        Args:
            recogniser: whose answers on single digits count.
            threads: how many threads read whole rows; as many as there are cores by default.

        Raises:
            ModelError: the recogniser is none of the ten digits, or the bundled file is damaged.
        """
        if recogniser.class_names != tuple(ALL_DIGITS):
            raise ModelError(
                "this recogniser cannot read digits",
                got=f"the classes {', '.join(recogniser.class_names[:12])}",
                expected=", ".join(ALL_DIGITS),
                fix="use the bundled one: digits",
            )
        self.recogniser = recogniser
        _, bundled = read_sealed(bundled_model())
        self.row_weight = WEIGHT if recogniser.sha256 == bundled else WEIGHT_BESIDE_OTHERS
        self._rows = RowRecogniser.load(threads=threads)
        # All the steps need it, and the first photo should take no longer than the next.
        import scipy.ndimage  # noqa: F401

    @classmethod
    def load(cls, path: Path | str = "digits", *, threads: int | None = None) -> Reader:
        """Load a recogniser to read with; see ``Recogniser.load``.

        Raises:
            ModelError: the file is no recogniser of digits, or a bundled one is damaged.
        """
        return cls(Recogniser.load(path, threads=threads), threads=threads)

    def read(self, image: Any, options: ReadOptions | None = None) -> Reading:
        """Read all digits in a picture.

        Args:
            image: a path, the bytes of a file, a PIL image, or a uint8 array ``(H, W)`` or
                ``(H, W, C)`` with C = 1, 3 or 4; dark on light or light on dark.
            options: what is known of the digits.

        Raises:
            ImageError: the picture cannot be decoded.
        """
        return self._read(image, options or ReadOptions(), None)

    def read_stages(self, image: Any, options: ReadOptions | None = None) -> tuple[Reading, Stages]:
        """Read, and keep what every step made of the picture; see ``read``."""
        stages = Stages()
        return self._read(image, options or ReadOptions(), stages), stages

    def _read(self, image: Any, options: ReadOptions, stages: Stages | None) -> Reading:
        picture = open_picture(image)
        found = self._find(picture, options, stages)
        enough = _LITTLE if picture.is_certain else _ENOUGH
        if reading_weight(found.lines) < enough:
            other = picture.negative()
            again = self._find(other, options, None)
            if _is_better(again, found, picture.is_certain):
                picture, found = other, again
                if stages is not None:
                    stages.pictures.clear()
                    self._find(other, options, stages)
        diagnosis = _picture_diagnosis(picture, found, options)
        return Reading(picture.width, picture.height, found.lines, diagnosis)

    def _find(self, picture: Picture, options: ReadOptions, stages: Stages | None) -> _Found:
        marks = find_marks(picture)
        read = self._recognise(marks.rows, marks.contrast, picture, options)
        if stages is not None:
            from thumbnet.reading.stages import draw_stages

            stages.scale = picture.scale
            stages.pictures += draw_stages(picture.grey, marks, read.atoms, read.strips)
        lines = believable(without_specks(read.lines), read.other_heights, options.expect)
        return _Found(lines, bool(marks.rows))

    def _recognise(
        self, rows: list[Row], contrast: np.ndarray, picture: Picture, options: ReadOptions
    ) -> _Recognised:
        """Recognise every candidate of all rows at once, then choose the best path of each."""
        kept, other_heights = self._worth_reading(rows, contrast, picture, options)
        rows = [row for row, _ in kept]
        split = [atoms_of(row, sure) for row, sure in kept]
        groups = [candidates(atoms, row, contrast) for atoms, row in zip(split, rows, strict=True)]
        framed = [glyph.framed for glyphs in groups for glyph in glyphs]
        if not framed:
            return _Recognised([], [], [], other_heights)
        answers = self._answer(framed)
        certain = certainties(answers, options.charset)
        strips = [cut_strip(row, contrast) for row in rows]
        opinions = self._read_whole(strips, options.charset)
        lines, start = [], 0
        for row, atoms, glyphs, opinion in zip(rows, split, groups, opinions, strict=True):
            stop = start + len(glyphs)
            chosen = agree(atoms, row, glyphs, certain[start:stop], options.expect, opinion)
            digits = []
            for index, seen in chosen:
                alone = answers.probabilities[start + index]
                both = combined(alone, seen, self.row_weight)
                digits.append(
                    make_digit(answers, start + index, glyphs[index], atoms, picture, options, both)
                )
            read = judged(digits, opinion, options.min_confidence)
            if read:
                lines.append(Line(tuple(read)))
            else:
                other_heights += [digit.box.bottom - digit.box.top for digit in digits]
            start = stop
        return _Recognised(
            lines,
            [atom for atoms in split for atom in atoms],
            [strip for strip in strips if strip is not None],
            other_heights,
        )

    def _worth_reading(
        self, rows: list[Row], contrast: np.ndarray, picture: Picture, options: ReadOptions
    ) -> tuple[list[tuple[Row, list[float]]], list[float]]:
        """Return rows of digits with the certainties of their pieces, and how high all else is."""
        kept: list[tuple[Row, list[float]]] = []
        other_heights: list[float] = []
        for row, sure in zip(rows, self._sure_pieces(rows, contrast, options), strict=True):
            found = numbers_in(row, sure)
            kept += found
            taken = {id(piece) for number, _ in found for piece in number.pieces}
            others = [piece for piece in row.bodies if id(piece) not in taken]
            other_heights += [piece.height / picture.scale for piece in others]
        return kept, other_heights

    def _read_whole(self, strips: list[np.ndarray | None], charset: str) -> list[RowAnswer | None]:
        """Read each row without cutting it; None for what is too long for that."""
        found = iter(self._rows.read([strip for strip in strips if strip is not None]))
        return [None if strip is None else next(found).allowing(charset) for strip in strips]

    def _sure_pieces(
        self, rows: list[Row], contrast: np.ndarray, options: ReadOptions
    ) -> list[list[float]]:
        """Return, for each row, how probable each of its pieces is to be a digit as it is."""
        if not rows:
            return []
        framed = [frame_glyph([piece], contrast, row.slope) for row in rows for piece in row.pieces]
        certain = certainties(self._answer(framed), options.charset).max(1).tolist()
        ends = np.cumsum([len(row.pieces) for row in rows])
        return [certain[end - len(row.pieces) : end] for row, end in zip(rows, ends, strict=True)]

    def _answer(self, framed: list[np.ndarray]) -> Answers:
        """Recognise framed glyphs; what has nearly all of its ink at one end is no digit."""
        pixels = to_pixels(framed)
        centred = is_centred(pixels)
        num = len(pixels)
        answers = Answers(
            label=np.zeros(num, np.int64),
            probability=np.full(num, 0.1, np.float32),
            probabilities=np.full((num, len(ALL_DIGITS)), 0.1, np.float32),
            refused=np.full(num, True),
            score=np.zeros(num, np.float32),
            seen=pixels[..., 0],
        )
        if centred.any():
            found = self.recogniser.run(pixels[centred])
            for each in fields(Answers):
                getattr(answers, each.name)[centred] = getattr(found, each.name)
        return answers


def _is_better(other: _Found, found: _Found, is_certain: bool) -> bool:
    """Return whether the other polarity reads better; against a certain one, clearly so."""
    weight = reading_weight(other.lines)
    if not is_certain:
        return weight > reading_weight(found.lines)
    num_digits = sum(len(line.digits) for line in other.lines)
    return weight > reading_weight(found.lines) + _MARGIN and weight > _CLEAR * num_digits


def _picture_diagnosis(picture: Picture, found: _Found, options: ReadOptions) -> tuple[str, ...]:
    codes = []
    if not found.lines:
        codes.append("no-digits" if found.has_ink else "no-ink")
    if picture.brightness < _DARK and not picture.was_light:
        codes.append("too-dark")
    if picture.brightness > _BRIGHT and not found.lines:
        codes.append("too-bright")
    counts = [len(line.digits) for line in found.lines]
    if options.expect is not None and any(count != options.expect for count in counts):
        codes.append("wrong-count")
    return tuple(codes)
