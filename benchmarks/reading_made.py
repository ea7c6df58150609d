"""Read made scenes while a reader is developed: every failure is printed, and may be kept."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from reading_score import Score, score, wilson
from thumbnet.datasets.scene_kinds import CLEAN_KINDS, EMPTY_KINDS, HARD_KINDS, KINDS
from thumbnet.datasets.scene_shrink import shrink
from thumbnet.datasets.scenes import Scene, make_scene
from thumbnet.errors import DataError, nearest

if TYPE_CHECKING:
    from thumbnet.reading import Reading

_GROUPS = {"all": tuple(KINDS), "clean": CLEAN_KINDS, "hard": HARD_KINDS, "none": EMPTY_KINDS}


def training_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return MNIST's training images, uint8 ``(60000, 28, 28)``, and their labels."""
    from thumbnet.datasets.mnist import load_mnist

    mnist = load_mnist("train")
    return mnist.images[:, 0].numpy(), mnist.labels.numpy()


def read_made(
    kinds: Sequence[str], seeds: Iterable[int], save: Path | None, shrunk: bool = False
) -> dict[str, Score]:
    """Read made scenes, print the failures, and return the score of each kind.

    Args:
        kinds: of scenes.
        seeds: of each kind.
        save: where to keep the pictures of the failures.
        shrunk: make the pictures smaller, as those of ``tests/photos`` are.
    """
    from thumbnet.reading import Reader

    reader = Reader.load()
    reader.read(np.full((64, 64), 255, np.uint8))  # The first call is slower than the others.
    scores: dict[str, Score] = {}
    for scene, seed in _made_scenes(kinds, seeds):
        scene = shrink(scene) if shrunk else scene
        file = scene.encode()
        start = time.perf_counter()
        reading = reader.read(file)
        time_s = time.perf_counter() - start
        one = score(scene.lines, [line.text for line in reading.lines], time_s, scene.num_others)
        scores[scene.kind] = scores.get(scene.kind, Score()) + one
        if not one.photos_right:
            print(f"{scene.kind} {seed}:")
            print("   there", " / ".join(scene.lines) or "nothing")
            print("    read", " / ".join(line.text for line in reading.lines) or "nothing")
            if save is not None:
                name = f"{scene.kind}-{seed}"
                (save / f"{name}{scene.suffix}").write_bytes(file)
                draw_reading(scene, reading).save(save / f"{name}-read.png")
    return scores


def draw_reading(scene: Scene, reading: Reading) -> Image.Image:
    """Draw what was read over a photo, and the boxes of what is there in green."""
    from thumbnet.reading.annotate import annotate

    image = Image.fromarray(annotate(scene.picture, reading))
    draw = ImageDraw.Draw(image)
    for row in scene.boxes:
        for box in row:
            draw.rectangle(box, outline="#00a000", width=max(image.width // 600, 1))
    return image


def print_scores(scores: dict[str, Score]) -> None:
    """Print one row for each kind, and one for all."""
    print(f"{'':<15}{'photos':>12}{'rows':>13}   95 %        errors   false   s/photo")
    total = sum(scores.values(), Score())
    for kind, each in {**scores, "together": total}.items():
        low, high = wilson(each.rows_right, each.rows)
        rows = f"{each.rows_right}/{each.rows}"
        interval = f"{100 * low:3.0f} to {100 * high:3.0f}" if each.rows else ""
        errors = f"{100 * each.edits / each.digits:5.1f} %" if each.digits else ""
        print(
            f"{kind:<15}{f'{each.photos_right}/{each.photos}':>12}{rows:>13}   {interval:<10}"
            f"{errors:>8}{each.false_digits:>8}{each.time_s / max(each.photos, 1):>10.3f}"
        )


def parse_kinds(text: str) -> tuple[str, ...]:
    """Return the kinds in a list such as ``clean,touching``.

    Raises:
        DataError: a name is neither a kind nor one of all, clean, hard and none.
    """
    kinds: list[str] = []
    for name in text.split(","):
        if name not in KINDS and name not in _GROUPS:
            expected = nearest(name, (*_GROUPS, *KINDS))
            raise DataError("there is no such kind of scene", got=name, expected=expected)
        kinds += _GROUPS.get(name, (name,))
    return tuple(dict.fromkeys(kinds))


def parse_seeds(text: str) -> range:
    """Return the seeds from ``A-B``, both included, or the one of ``A``.

    Raises:
        DataError: the text is of another form.
    """
    first, _, last = text.partition("-")
    if not first.isdecimal() or not (last or first).isdecimal():
        raise DataError("these are no seeds", got=text, expected="a number, or two as in 0-19")
    return range(int(first), int(last or first) + 1)


def _made_scenes(kinds: Sequence[str], seeds: Iterable[int]) -> Iterator[tuple[Scene, int]]:
    digits, labels = training_digits()
    for seed in seeds:
        for kind in kinds:
            yield make_scene(kind, seed, digits, labels), seed
