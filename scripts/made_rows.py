"""Rows found in made photos, as strips: what the reader itself will see, with what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from thumbnet.datasets.scene_kinds import KINDS
from thumbnet.datasets.scenes import Scene, make_scene
from thumbnet.reading.marks import find_marks
from thumbnet.reading.picture import open_picture
from thumbnet.reading.rows import Row
from thumbnet.reading.strips import cut_strip, middle_of

FIRST_SEED = 100_000
"""Far from the seeds on which a reader is tried out."""

SIZES = ((640, 480), (480, 640), (800, 600), (600, 800), (900, 700))
_KINDS = tuple(kind for kind in KINDS if kind != "large")
_SHARES = {"empty": 0.3, "single": 0.4, "tablet": 0.5, "text": 0.5}
_MOST_ROWS = 6
_BESIDE, _WITHIN = 0.75, 0.4
_LOWEST, _TALLEST = 0.5, 1.9

Strip = tuple[np.ndarray, str, str]
"""uint8 ``(2, 32, W)``, the digits in it, and the kind of scene it is from."""


def make_strips(seeds: tuple[int, ...], digits: np.ndarray, labels: np.ndarray) -> list[Strip]:
    """Make scenes of all kinds and return the rows that are found in them.

    Args:
        seeds: how many for each of the processes, of which there are as many.
        digits: uint8 ``(M, 28, 28)``, white on black, that are written.
        labels: ``(M,)``, what they are.
    """
    with ProcessPoolExecutor(len(seeds)) as pool:
        parts = [
            pool.submit(_part, part, num, len(seeds), digits, labels)
            for part, num in enumerate(seeds)
        ]
        return [strip for part in parts for strip in part.result()]


def _part(part: int, num: int, parts: int, digits: np.ndarray, labels: np.ndarray) -> list[Strip]:
    rng = np.random.default_rng([7, part])
    strips = []
    for seed in range(FIRST_SEED + part, FIRST_SEED + part + num * parts, parts):
        for kind in _KINDS:
            if rng.random() <= _SHARES.get(kind, 1):
                scene = make_scene(kind, seed, digits, labels, SIZES)
                strips += [(*row, kind) for row in rows_of(scene, rng)]
    return strips


def rows_of(scene: Scene, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, str]]:
    """Yield some of the rows of a scene whose truth is clear."""
    picture = open_picture(scene.encode())
    marks = find_marks(picture)
    for index in rng.permutation(len(marks.rows))[:_MOST_ROWS]:
        text = _text_of(marks.rows[index], scene, picture.scale)
        strip = None if text is None else cut_strip(marks.rows[index], marks.contrast)
        if text is not None and strip is not None:
            yield strip, text


def _text_of(row: Row, scene: Scene, scale: float) -> str | None:
    """Return the digits that stand in a row; None where one is only half in it."""
    left = min(piece.left for piece in row.pieces)
    right = max(piece.right for piece in row.pieces)
    found = []
    for text, boxes in zip(scene.lines, scene.boxes, strict=True):
        for digit, box in zip(text, boxes, strict=True):
            before, top, after, bottom = (scale * edge for edge in box)
            middle, height = (before + after) / 2, bottom - top
            if not left - 1 <= middle <= right + 1:
                continue
            larger = max(row.height, height)
            away = abs((top + bottom) / 2 - middle_of(row, np.array([middle]))[0])
            if away > _BESIDE * larger:
                continue
            if away > _WITHIN * larger or not _LOWEST < height / row.height < _TALLEST:
                return None
            found.append((middle, digit))
    return "".join(digit for _, digit in sorted(found))


def save_strips(path: Path, strips: Sequence[Strip]) -> None:
    """Keep strips in one file: side by side, with their widths, texts and kinds."""
    pixels, texts, kinds = zip(*strips, strict=True)
    widths = np.array([strip.shape[2] for strip in pixels])
    np.savez(path, pixels=np.concatenate(pixels, 2), widths=widths, texts=texts, kinds=kinds)


def load_strips(path: Path) -> list[Strip]:
    """Return what ``save_strips`` kept."""
    with np.load(path) as file:
        parts = np.split(file["pixels"], np.cumsum(file["widths"])[:-1], 2)
        texts, kinds = file["texts"].tolist(), file["kinds"].tolist()
    return list(zip(parts, texts, kinds, strict=True))
