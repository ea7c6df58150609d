"""Rows read whole, without cutting them: what stands at each place across, and how surely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from thumbnet.inference.locate import bundled_model
from thumbnet.inference.model_file import read_sealed
from thumbnet.inference.recogniser import start_session
from thumbnet.reading.options import ALL_DIGITS
from thumbnet.reading.strips import STRIP_PX

NONE = 10
"""The class of what is no digit, beside the ten."""

_BATCH, _ROUND_TO = 8, 32
_IMPOSSIBLE = -1e9


@dataclass(frozen=True, eq=False)
class RowAnswer:
    """What the network says of one row.

    Attributes:
        log_probabilities: float32 ``(T, 11)``, of the ten digits and of none at each place.
    """

    log_probabilities: np.ndarray

    @cached_property
    def places(self) -> list[int]:
        """Where the most probable text's digits are seen most surely, from left to right."""
        best = self.log_probabilities.argmax(1)
        starts = np.flatnonzero(np.diff(best, prepend=-1))
        places = []
        for start, stop in zip(starts, [*starts[1:], len(best)], strict=True):
            if best[start] != NONE:
                sure = self.log_probabilities[start:stop, best[start]]
                places.append(int(start + sure.argmax()))
        return places

    @cached_property
    def text(self) -> str:
        """The most probable digit at each place, without repetitions: the best path's text."""
        return "".join(str(self.log_probabilities[place].argmax()) for place in self.places)

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Of the ten digits, for each digit of the text: float64 ``(L, 10)``, summing to 1."""
        chosen = np.exp(self.log_probabilities[self.places, :NONE].astype(np.float64))
        return np.asarray(chosen / chosen.sum(1, keepdims=True))

    def allowing(self, charset: str) -> RowAnswer:
        """Return the answer if only the digits of ``charset`` can occur."""
        forbidden = [int(digit) for digit in ALL_DIGITS if digit not in charset]
        if not forbidden:
            return self
        left = self.log_probabilities.copy()
        left[:, forbidden] = _IMPOSSIBLE
        return RowAnswer(left - np.logaddexp.reduce(left, axis=1, keepdims=True))

    def log_likelihood(self, text: str) -> float:
        """Return the logarithm of the probability that the row says ``text``.

        The forward algorithm of connectionist temporal classification (Graves et al. 2006): the sum
        over all ways to spread the text's digits over the places.
        """
        labels = np.full(2 * len(text) + 1, NONE)
        labels[1::2] = [int(digit) for digit in text]
        # From one digit straight to the next, unless they are the same.
        may_skip = np.zeros(len(labels), bool)
        may_skip[2:] = (labels[2:] != NONE) & (labels[2:] != labels[:-2])
        state = np.full(len(labels), _IMPOSSIBLE)
        state[0] = 0.0
        for number, places in enumerate(self.log_probabilities[:, labels].astype(np.float64)):
            before = np.concatenate([[_IMPOSSIBLE], state[:-1]])
            skipped = np.concatenate([[_IMPOSSIBLE] * 2, state[:-2]])[: len(state)]
            if number:
                skipped = np.where(may_skip, skipped, _IMPOSSIBLE)
                state = np.logaddexp(np.logaddexp(state, before), skipped) + places
            else:
                state[:2] = places[:2]
                state[2:] = _IMPOSSIBLE
        return float(np.logaddexp.reduce(state[-2:]))


class RowRecogniser:
    """Reads strips with the network for rows that is part of the package."""

    def __init__(self, session: Any) -> None:
        """Take an onnxruntime session; ``load`` makes it."""
        self._session = session

    @classmethod
    def load(
        cls, path: Path | str | bytes | None = None, *, threads: int | None = None
    ) -> RowRecogniser:
        """Load the bundled network, or another of its kind.

        Args:
            path: a file that ``scripts/make_bundled_rows.py`` wrote, or its bytes.
            threads: how many threads read one batch; as many as there are cores by default.

        Raises:
            ModelError: the file is missing or damaged.
        """
        content, _ = read_sealed(bundled_model("rows") if path is None else path)
        return cls(start_session(content, threads, "rows"))

    def read(self, strips: Sequence[np.ndarray]) -> list[RowAnswer]:
        """Return an answer for each strip, uint8 ``(2, 32, W)``."""
        answers: dict[int, RowAnswer] = {}
        order = sorted(range(len(strips)), key=lambda index: strips[index].shape[2])
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            widest = max(strips[index].shape[2] for index in chosen)
            batch = np.zeros(
                (len(chosen), 2, STRIP_PX, -(-widest // _ROUND_TO) * _ROUND_TO), np.uint8
            )
            for place, index in enumerate(chosen):
                batch[place, :, :, : strips[index].shape[2]] = strips[index]
            (found,) = self._session.run(None, {"strips": batch})
            for index, row in zip(chosen, found, strict=True):
                answers[index] = RowAnswer(row[: (strips[index].shape[2] + 1) // 2])
        return [answers[index] for index in range(len(strips))]
