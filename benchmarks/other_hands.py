"""Measure on digits that other people wrote than those of MNIST: one by one, and in rows.

Usage::

    python benchmarks/other_hands.py            # → results/other_hands.json
    python benchmarks/other_hands.py --dry-run  # print, and write nothing

The digits are the 1,797 of 13 people that scikit-learn brings along: the test part of "Optical
Recognition of Handwritten Digits" (E. Alpaydin and C. Kaynak, UCI, 1998, CC BY 4.0). They were
written in Turkey, where a 7 has a bar and a 4 an open top, and are nowhere trained on. Each is a
bitmap of 32×32 of which only the number of black pixels in each block of 4×4 is known, so that they
are enlarged first; rows are composed of them on plain paper.
"""

from __future__ import annotations

import argparse
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import ndimage
from sklearn.datasets import load_digits

from reading_score import Score, score
from thumbnet.evaluation.metrics import wilson_interval
from thumbnet.files import to_json, write_atomically
from thumbnet.inference import Recogniser
from thumbnet.inference.locate import bundled_model
from thumbnet.reading import Reader
from thumbnet.training.receipt import describe_environment, now

RESULTS = Path(__file__).parent / "results" / "other_hands.json"
THREADS = 2
SEED = 0
PAGES, ROWS = 150, 4
DIGITS = (3, 8)
ENLARGED = 7
HEIGHT_PX = 8 * ENLARGED
GAPS = (0.05, 0.5)
INK, PAPER, NOISE = 50, 230, 4
# Where a block is half black an edge goes through it; it is drawn two thirds of a block wide.
DARKEST, EDGE = 16, 0.33


def enlarge(blocks: np.ndarray) -> np.ndarray:
    """Return a digit, float ``(70, 70)`` in [0, 1], white on black, of its counts ``(8, 8)``."""
    grey = ndimage.zoom(
        np.pad(blocks, 1) / DARKEST, ENLARGED, order=3, mode="grid-constant", grid_mode=True
    )
    return np.clip((grey - 0.5 + EDGE) / (2 * EDGE), 0, 1)


def compose_page(
    digits: np.ndarray, labels: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, list[str]]:
    """Return a page, uint8 ``(H, W)``, and its rows; ``digits`` are those of ``enlarge``."""
    pitch = 2 * HEIGHT_PX
    ink = np.zeros((pitch * ROWS, 2 * pitch + round(1.6 * HEIGHT_PX) * DIGITS[1]))
    rows = []
    for row in range(ROWS):
        left, text = pitch // 2, ""
        for index in rng.choice(len(digits), rng.integers(DIGITS[0], DIGITS[1] + 1)):
            columns = np.flatnonzero(digits[index].max(0) > 0)
            digit = digits[index][:, columns[0] : columns[-1] + 1]
            top = pitch * row + pitch // 4 + round(0.04 * HEIGHT_PX * rng.standard_normal())
            place = ink[top : top + digit.shape[0], left : left + digit.shape[1]]
            np.maximum(place, digit, out=place)
            left += digit.shape[1] + round(HEIGHT_PX * rng.uniform(*GAPS))
            text += str(labels[index])
        rows.append(text)
    grey = PAPER + (INK - PAPER) * ink + NOISE * rng.standard_normal(ink.shape)
    return np.clip(grey, 0, 255).round().astype(np.uint8), rows


def measure_alone(digits: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Return how the bundled recogniser does on the digits one by one."""
    recogniser = Recogniser.load(bundled_model(), threads=THREADS)
    pixels = np.rint(255 * (1 - digits)).astype(np.uint8)[..., None]
    answers = recogniser.predict(list(pixels))
    right = [answer.label == str(label) for answer, label in zip(answers, labels, strict=True)]
    kept = [not answer.refused for answer in answers]
    return {
        "digits": len(right),
        "accuracy": round(float(np.mean(right)), 4),
        "accuracy_interval": wilson_interval(sum(right), len(right)),
        "refused": round(1 - float(np.mean(kept)), 4),
        "accuracy_by_digit": {
            str(digit): round(float(np.mean(np.array(right)[labels == digit])), 4)
            for digit in range(10)
        },
    }


def measure_rows(digits: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Return how rows of the digits are read."""
    rng = np.random.default_rng(SEED)
    reader = Reader(Recogniser.load(bundled_model(), threads=THREADS), threads=THREADS)
    scores: list[Score] = []
    for _ in range(PAGES):
        page, rows = compose_page(digits, labels, rng)
        scores.append(score(rows, [line.text for line in reader.read(page).lines]))
    total = reduce(add, scores)
    return {
        "rows": total.rows,
        "rows_right": round(total.rows_right / total.rows, 4),
        "rows_right_interval": wilson_interval(total.rows_right, total.rows),
        "digits": total.digits,
        "wrong_digits": round(total.edits / total.digits, 4),
    }


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dry-run", action="store_true", help="print, and write nothing")
    options = parser.parse_args()
    found = load_digits()
    digits = np.stack([enlarge(blocks) for blocks in found.images])
    results = {
        "measured": now(),
        "alone": measure_alone(digits, found.target),
        "rows": measure_rows(digits, found.target),
        **describe_environment(torch.device("cpu")),
    }
    print(to_json(results))
    if not options.dry_run:
        write_atomically(RESULTS, to_json(results))


if __name__ == "__main__":
    main()
