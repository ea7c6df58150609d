"""Measure what ``thumbnet personalise`` gains for hands that the recogniser does not know.

Usage::

    python benchmarks/personalise.py                                  # → results/personalise.json
    python benchmarks/personalise.py --writers 1 --samples 3 --dry-run

The writers are made, not people. Each has a form of every digit, a slant, a width, a pen and an
unsteadiness of its own, drawn at random and kept whatever a model makes of them; the ranges are
wider than training's, or there would be nothing to gain. A writer gives a few samples of each digit
to ``personalise``, and many more that nothing ever sees and that both models are counted on.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from scipy import stats

from thumbnet.datasets.made_digits import DIGIT_FORMS
from thumbnet.datasets.scene_ink import PENS, Pen, draw_trace, lay_ink, trace_sketch
from thumbnet.evaluation.classifier import Classifier
from thumbnet.files import to_json, write_atomically
from thumbnet.images import to_grey
from thumbnet.inference.locate import bundled_weights
from thumbnet.training.personalise import personalise
from thumbnet.training.receipt import describe_environment, now
from thumbnet.training.run import Run as TrainedRun
from thumbnet.training.samples import FEWEST

RESULTS = Path(__file__).parent / "results" / "personalise.json"
NUM_APART = 50  # of each digit
TUNING, APART = 1, 2  # A writer's samples for either purpose come from generators of their own.
SIZE_PX = 64
PAPER = 0.94
SLANTS = (-0.8, 1.2)
STRETCHES = (0.5, 2.0)
UNSTEADY = (1.0, 3.0)
UNFAMILIAR_SHARE = 0.5
# In the notation of ``negative_pen``: what people write too and the made digits of training do not
# show, such as a slashed 0, a 1 with a long upstroke, a 2 like Z, a 5 like S or a 9 like g.
UNFAMILIAR_FORMS = {
    "0": ("50,0 15,25 14,72 50,100 86,72 85,25 52,0 / 78,12 22,90", "@50,50,36,50 / 50,44 50,56"),
    "1": ("2,78 60,0* 60,100", "38,0 36,82 52,100 72,90"),
    "2": ("15,5 82,5* 15,98* 88,98", "14,30 45,2 76,22 42,74 16,92 20,72 60,94 94,82"),
    "3": ("18,4 78,4* 36,42 72,52 82,74 60,98 20,100 8,88", "22,10 60,0 74,24 30,48 66,60 70,100"),
    "4": ("10,0 12,46 45,58 80,40 82,0* 78,100", "55,0 10,55 50,70 85,55 / 82,30 40,100"),
    "5": (
        "82,8 45,0 22,22 50,46 80,70 55,99 14,90",
        "35,14 26,50* 66,46 80,74 50,100 14,92 / 52,4 96,0",
    ),
    "6": ("30,0 18,50 20,90 55,100 78,75 50,58 22,75", "85,0 30,34 12,76 35,100 60,84 42,66 14,80"),
    "7": ("8,16 30,2 55,14 88,4* 50,50 38,100 / 25,55 75,45", "12,5 84,5* 80,100"),
    "8": (
        "84,6 40,0 24,22 62,50 80,76 46,100 18,78 50,44 92,14",
        "20,10 76,84 46,100 18,82 80,16 52,0 20,10",
    ),
    "9": (
        "75,15 45,2 22,25 45,45 75,20* 72,85 40,100 25,84 86,62",
        "70,50 28,42 28,8 72,3* 70,100",
    ),
}
MEASURES = (("apart", "accuracy"), ("apart", "refused"), ("apart", "read"), ("mnist", "accuracy"))
Run = dict[str, Any]
Glyphs = list[tuple[str, list[np.ndarray]]]


@dataclass(frozen=True)
class MadeWriter:
    """How one writer writes; ``forms`` are sketches of ``negative_pen``, one for each digit."""

    forms: dict[str, str]
    pen_name: str
    pen: Pen
    pen_width: float
    slant: float
    stretch: float
    unsteady: float

    def write(self, digit: str, rng: np.random.Generator) -> np.ndarray:
        """Return the digit as it is written this time: uint8 ``(H, W)``, dark on light."""
        trace = trace_sketch(self.forms[digit], 0.018 * self.unsteady, rng)
        lean, turn, widen = self.unsteady * rng.standard_normal(3)
        shade, _ = draw_trace(
            trace,
            SIZE_PX,
            slant=self.slant + 0.05 * lean,
            turn_deg=2.5 * turn,
            stretch=self.stretch * math.exp(0.06 * widen),
            radius_px=max(self.pen_width * SIZE_PX / 2, 0.55),
        )
        paper = np.full((*shade.shape, 3), PAPER, np.float32)
        lay_ink(paper, shade, self.pen, SIZE_PX, rng)
        return to_grey(np.rint(255 * np.clip(paper, 0, 1)).astype(np.uint8))

    def facts(self) -> dict[str, Any]:
        """Return what describes the writer in the results."""
        return {
            "unfamiliar_forms": [
                digit for digit, form in self.forms.items() if form in UNFAMILIAR_FORMS[digit]
            ],
            "pen": self.pen_name,
            "pen_width": round(self.pen_width, 3),
            "slant": round(self.slant, 3),
            "stretch": round(self.stretch, 3),
            "unsteady": round(self.unsteady, 3),
        }


def make_writer(seed: int, number: int) -> MadeWriter:
    """Return one of the writers of a seed; each property is drawn for itself."""
    rng = np.random.default_rng([seed, number])
    forms = {}
    for digit, familiar in DIGIT_FORMS.items():
        choice = UNFAMILIAR_FORMS[digit] if rng.random() < UNFAMILIAR_SHARE else familiar
        forms[digit] = choice[rng.integers(len(choice))]
    names = [name for name, pen in PENS.items() if not pen.covers]
    name = names[rng.integers(len(names))]
    pen = PENS[name]
    colour = pen.colours[rng.integers(len(pen.colours))]
    return MadeWriter(
        forms=forms,
        pen_name=name,
        pen=replace(pen, colours=(colour,)),
        pen_width=float(rng.uniform(*pen.width)),
        slant=float(rng.uniform(*SLANTS)),
        stretch=math.exp(rng.uniform(*map(math.log, STRETCHES))),
        unsteady=float(rng.uniform(*UNSTEADY)),
    )


def write_digits(writer: MadeWriter, seed: Sequence[int], num: int) -> Glyphs:
    """Return every digit and ``num`` pictures of it; those of a smaller number come first."""
    glyphs = []
    for digit in writer.forms:
        rng = np.random.default_rng([*seed, int(digit)])
        glyphs.append((digit, [writer.write(digit, rng) for _ in range(num)]))
    return glyphs


def save_samples(folder: Path, glyphs: Glyphs) -> None:
    """Write ``<digit>/<number>.png``, as ``personalise`` takes them."""
    for digit, pictures in glyphs:
        (folder / digit).mkdir(parents=True)
        for number, picture in enumerate(pictures):
            Image.fromarray(picture).save(folder / digit / f"{number:03}.png")


def count(classifier: Classifier, glyphs: Glyphs) -> dict[str, float]:
    """Return which shares are right, refused or not; are refused; are read.

    Read is what is right and not refused: what somebody gets who asks.
    """
    right, refused = [], []
    for digit, pictures in glyphs:
        for prediction in classifier.predict(pictures):
            right.append(prediction.label == digit)
            refused.append(prediction.refused)
    read = np.logical_and(right, np.logical_not(refused))
    shares = {"accuracy": right, "refused": refused, "read": read}
    return {name: float(np.mean(values)) for name, values in shares.items()}


def measure_writer(number: int, options: argparse.Namespace) -> list[Run]:
    """Return, for each number of samples, both models' counts of one writer, and the time."""
    writer = make_writer(options.seed, number)
    apart = write_digits(writer, (options.seed, number, APART), options.apart)
    before = count(Classifier.load(bundled_weights()), apart)
    runs = []
    for size in options.samples:
        samples = write_digits(writer, (options.seed, number, TUNING), size)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            save_samples(folder / "samples", samples)
            start = time.perf_counter()
            run = _tune(folder, options.seed)
            time_s = time.perf_counter() - start
            after = count(Classifier.load(run.folder), apart)
            mnist = run.receipt["personal"]["test"]
        measured = {
            "writer": number,
            "samples": size,
            "apart": {"before": before, "after": after},
            "mnist": {moment: {"accuracy": each["accuracy"]} for moment, each in mnist.items()},
            "time_s": round(time_s, 1),
        }
        print(to_json(measured), flush=True)
        runs.append(measured)
    return runs


def _tune(folder: Path, seed: int) -> TrainedRun:
    return personalise(
        folder / "samples", out=folder / "run", seed=seed, device="cpu", progress=False
    )


def summarise(runs: Sequence[Run]) -> dict[str, Any]:
    """Return, by number of samples, how each measure differs over the writers."""
    summary: dict[str, Any] = {}
    for size in sorted({run["samples"] for run in runs}):
        alike = [run for run in runs if run["samples"] == size]
        summary[str(size)] = {
            f"{where}_{name}": compare(
                [run[where]["before"][name] for run in alike],
                [run[where]["after"][name] for run in alike],
            )
            for where, name in MEASURES
        }
        summary[str(size)]["time_s"] = statistics.median(run["time_s"] for run in alike)
    return summary


def compare(before: Sequence[float], after: Sequence[float]) -> dict[str, Any]:
    """Return both means, the mean of the paired differences, and its 95 % t-interval.

    A single pair has no interval.
    """
    differences = np.subtract(after, before)
    mean, interval = float(differences.mean()), None
    if len(differences) > 1:
        half = float(stats.t.ppf(0.975, len(differences) - 1) * stats.sem(differences))
        interval = [mean - half, mean + half]
    return {
        "before": float(np.mean(before)),
        "after": float(np.mean(after)),
        "difference": mean,
        "interval": interval,
    }


def parse_sizes(text: str) -> list[int]:
    """Return the numbers of samples in a list such as ``3,10``, in ascending order.

    Raises:
        ArgumentTypeError: one is no number, or too small for ``personalise``.
    """
    parts = text.split(",")
    if not all(part.isdecimal() and int(part) >= FEWEST for part in parts):
        raise argparse.ArgumentTypeError(
            f"got {text!r}, expected numbers from {FEWEST} with commas between, such as 3,10"
        )
    return sorted({int(part) for part in parts})


def main() -> None:
    """Measure all writers and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--samples", type=parse_sizes, default="3,5,10", help="of each digit")
    parser.add_argument("--apart", type=int, default=NUM_APART, help="of each digit, to count on")
    parser.add_argument("--seed", type=int, default=0, help="of the writers and of the training")
    parser.add_argument("--dry-run", action="store_true", help="print, and write nothing")
    options = parser.parse_args()
    numbers = range(options.writers)
    runs = [run for number in numbers for run in measure_writer(number, options)]
    result = {
        "measured": now(),
        "seed": options.seed,
        "apart_of_each_digit": options.apart,
        "writers": [make_writer(options.seed, number).facts() for number in numbers],
        "summary": summarise(runs),
        "runs": runs,
    }
    print(to_json(result["summary"]))
    if not options.dry_run:
        environment = describe_environment(torch.device("cpu"))
        write_atomically(RESULTS, to_json({**result, **environment}))


if __name__ == "__main__":
    main()
