"""Rows composed of single digits, as strips: as many and as varied as wished, without a photo."""

from __future__ import annotations

import numpy as np
from PIL import Image

from thumbnet.reading.strips import DIGIT_PX, STRIP_PX

NONE = 10
_MARGIN_PX = 8
_MOST_DIGITS = 12
_REACH_PX = 14


class RowComposer:
    """Writes rows from pictures in MNIST's frame.

    Args:
        glyphs: uint8 ``(N, 28, 28)``, white on black.
        labels: ``(N,)``, 0 to 9, and 10 for what is no digit.
        rng: chooses everything.
    """

    def __init__(self, glyphs: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> None:
        self.rng = rng
        order = np.argsort(labels, kind="stable")
        self.digits = np.flatnonzero(labels < NONE)
        self.others = order[np.searchsorted(labels[order], NONE) :]
        self.labels = labels
        self.cut = [_cut(glyph) for glyph in glyphs]

    def compose(self) -> tuple[np.ndarray, str]:
        """Return a strip, uint8 ``(2, 32, W)``, and the digits in it."""
        rng = self.rng
        num = 1 + int(rng.integers(_MOST_DIGITS)) if rng.random() < 0.9 else 1
        is_text = rng.random() < 0.04
        stray = 1.0 if is_text else 0.03 * (rng.random() < 0.3)
        size = DIGIT_PX * rng.uniform(0.85, 1.2)
        gap = size * (rng.uniform(-0.12, 0.02) if rng.random() < 0.25 else rng.uniform(0, 0.5))
        uneven = rng.uniform(0, 0.12)
        x, placed, text = float(_MARGIN_PX), [], ""
        for _ in range(num):
            is_digit = rng.random() >= stray
            chosen = int(rng.choice(self.digits if is_digit else self.others))
            ink = self.cut[chosen]
            scale = size / DIGIT_PX * (1 + uneven * rng.standard_normal())
            shape = [max(2, round(side * max(scale, 0.5))) for side in ink.shape]
            ink = np.asarray(
                Image.fromarray(ink).resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
            )
            # People write on a line: feet are level, more or less.
            foot = STRIP_PX / 2 + size / 2 + size * uneven * rng.standard_normal()
            placed.append((round(x), round(foot) - shape[0], ink))
            x += shape[1] + gap + size * rng.uniform(0, 0.15)
            if rng.random() < 0.05:
                x += size * rng.uniform(0.3, 1.5)
            text += str(self.labels[chosen]) if is_digit else ""
        width = max(left + ink.shape[1] for left, _, ink in placed) + _MARGIN_PX
        own = np.zeros((STRIP_PX + 2 * _REACH_PX, width), np.uint8)
        for left, top, ink in placed:
            # A stroke that would stick out of the strip is cut off, as in a photo.
            top = int(np.clip(top + _REACH_PX, 0, len(own) - ink.shape[0]))
            part = own[top : top + ink.shape[0], left : left + ink.shape[1]]
            np.maximum(part, ink, out=part)
        own = own[_REACH_PX:-_REACH_PX]
        return np.stack([own, self._surrounded(own, placed)]), text

    def _surrounded(self, own: np.ndarray, placed: list[tuple[int, int, np.ndarray]]) -> np.ndarray:
        """Return the second channel: rules, frames and other rows, which the first has not."""
        rng = self.rng
        everything = own.astype(np.float32)
        width = own.shape[1]
        shade = 255 * rng.uniform(0.15, 0.9)
        if rng.random() < 0.25:
            y = int(rng.integers(0, STRIP_PX - 1))
            everything[y : y + 1 + int(rng.integers(2))] += shade
        if rng.random() < 0.2:
            for left, _, _ in placed:
                x = max(left - int(rng.integers(1, 5)), 0)
                everything[:, x : x + 1 + int(rng.integers(2))] += shade
        if rng.random() < 0.25:
            glyph = self.cut[int(rng.choice(self.digits))]
            rows = int(rng.integers(2, 6))
            x = int(rng.integers(0, max(width - glyph.shape[1], 1)))
            part = everything[:rows] if rng.random() < 0.5 else everything[-rows:]
            part = part[:, x : x + glyph.shape[1]]
            part += glyph[: part.shape[0], : part.shape[1]]
        return np.asarray(np.clip(everything, 0, 255), np.uint8)


def _cut(glyph: np.ndarray) -> np.ndarray:
    """Return a glyph cut to its ink."""
    inked = glyph > 40
    if not inked.any():
        return glyph
    down, right = np.flatnonzero(inked.any(1)), np.flatnonzero(inked.any(0))
    return np.ascontiguousarray(glyph[down[0] : down[-1] + 1, right[0] : right[-1] + 1])
