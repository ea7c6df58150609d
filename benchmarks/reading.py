"""Measure reading of photos: rows exactly right, wrong digits, digits where there are none.

Usage::

    python benchmarks/reading.py                       # tests/photos → results/reading.json
    python benchmarks/reading.py --tool tesseract
    python benchmarks/reading.py --tool rapidocr --python /path/to/its/python
    python benchmarks/reading.py --folder my_photos    # with a truth.json; only printed
    python benchmarks/reading.py --made everyday,touching --seeds 0-19 --save failures

``tests/photos`` is to measure on and nothing may be tuned on it, so only totals are printed. A
reader may be improved on made scenes (``--made``), written with MNIST's training digits: there
every failure is printed, and ``--save`` keeps its picture and what was read. ``--shrunk`` makes
them as small as the photos are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from reading_made import parse_kinds, parse_seeds, print_scores, read_made
from reading_score import Score, score, wilson
from reading_tools import PAGE_SEGMENTATIONS, ToolRun, run_tool
from thumbnet.datasets.mnist import load_mnist
from thumbnet.datasets.scenes import make_scene
from thumbnet.errors import DataError, ThumbnetError
from thumbnet.files import to_json, write_atomically
from thumbnet.training.receipt import describe_environment, now

PHOTOS = Path(__file__).parents[1] / "tests" / "photos"
RESULTS = Path(__file__).parent / "results" / "reading.json"
TRUTH = "truth.json"
TOOLS = ("thumbnet", "tesseract", "rapidocr")
LARGE_SEED = 30_000  # of the large photo, which is none of those in PHOTOS
LARGE_ROUNDS = 3
Truth = list[dict[str, Any]]
Run = Callable[[str, Sequence[Path]], ToolRun]


def measure(tool: str, folder: Path, run: Run) -> dict[str, Any]:
    """Return how a tool reads the photos of a folder, and a large one.

    Of Tesseract's page segmentations the one that reads more rows right is taken.
    """
    truth = read_truth(folder)
    photos = [folder / photo["file"] for photo in truth]
    names = [tool]
    if tool == "tesseract":
        names = [f"tesseract-psm{number}" for number in PAGE_SEGMENTATIONS]
    runs = {name: run(name, photos) for name in names}
    scores = {name: score_photos(truth, done) for name, done in runs.items()}
    rows_right = {name: sum(each, Score()).rows_right for name, each in scores.items()}
    best = max(names, key=lambda name: rows_right[name])
    return {
        "version": runs[best].version,
        "settings": best,
        "rows_right_by_settings": rows_right,
        "truth_sha256": hashlib.sha256((folder / TRUTH).read_bytes()).hexdigest(),
        "groups": summarise_by(group_of, truth, scores[best]),
        "kinds": summarise_by(lambda photo: str(photo["kind"]), truth, scores[best]),
        "seconds_per_photo": statistics.median(runs[best].seconds),
        "large": measure_large(lambda files: run(best, files)),
    }


def read_truth(folder: Path) -> Truth:
    """Return what the photos of a folder say, from its ``truth.json``.

    Raises:
        DataError: there is none.
    """
    path = folder / TRUTH
    if not path.is_file():
        raise DataError(
            "these photos do not say what is on them",
            got=folder,
            expected=f"a {TRUTH}: a list of file, kind, hard, lines, and others",
        )
    truth: Truth = json.loads(path.read_text(encoding="utf-8"))
    return truth


def group_of(photo: dict[str, Any]) -> str:
    """Return ``none`` for a photo without digits, else ``hard`` or ``clean``."""
    if not photo["lines"]:
        return "none"
    return "hard" if photo["hard"] else "clean"


def score_photos(truth: Truth, done: ToolRun) -> list[Score]:
    """Return the score of each photo."""
    return [
        score(photo["lines"], rows, seconds, photo.get("others", 0))
        for photo, rows, seconds in zip(truth, done.rows, done.seconds, strict=True)
    ]


def summarise_by(
    name_of: Callable[[dict[str, Any]], str], truth: Truth, scores: Sequence[Score]
) -> dict[str, dict[str, Any]]:
    """Return the summaries of the photos that go by the same name."""
    totals: dict[str, Score] = {}
    for photo, each in zip(truth, scores, strict=True):
        totals[name_of(photo)] = totals.get(name_of(photo), Score()) + each
    return {name: summarise(total) for name, total in totals.items()}


def summarise(total: Score) -> dict[str, Any]:
    """Return a score's counts, and the shares with their 95 % intervals."""
    facts: dict[str, Any] = {"photos": total.photos, "photos_right": total.photos_right}
    if total.rows:
        return {
            **facts,
            "rows": total.rows,
            "rows_right": total.rows_right,
            "rows_right_share": total.rows_right / total.rows,
            "rows_right_interval": wilson(total.rows_right, total.rows),
            "digits": total.digits,
            "edits": total.edits,
            "character_error_rate": total.edits / total.digits,
        }
    wrong = total.photos - total.photos_right
    return {
        **facts,
        "photos_with_false_digits_share": wrong / total.photos,
        "photos_with_false_digits_interval": wilson(wrong, total.photos),
        "other_signs": total.others,
        "false_digits": total.false_digits,
        "false_digits_per_100_signs": (
            100 * total.false_digits / total.others if total.others else None
        ),
    }


def measure_large(run: Callable[[Sequence[Path]], ToolRun]) -> dict[str, Any]:
    """Return the time and the memory that a tool needs for one photo of 12 megapixels."""
    mnist = load_mnist("test")
    digits, labels = mnist.images[:, 0].numpy(), mnist.labels.numpy()
    scene = make_scene("large", LARGE_SEED, digits, labels)
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "large.jpg"
        photo.write_bytes(scene.encode())
        runs = [run([photo]) for _ in range(LARGE_ROUNDS)]
    height, width, _ = scene.picture.shape
    return {
        "megapixels": height * width / 1e6,
        "seconds": statistics.median(done.seconds[0] for done in runs),
        "peak_mb": max(done.peak_bytes for done in runs) / 1e6,
    }


def main() -> int:
    """Measure or read made scenes, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=PHOTOS, help="photos and their truth.json")
    parser.add_argument("--tool", choices=TOOLS, default="thumbnet")
    parser.add_argument("--python", default=sys.executable, help="that has the tool")
    parser.add_argument("--threads", type=int, default=2, help="that the tool may use")
    parser.add_argument("--dry-run", action="store_true", help="print, and write nothing")
    parser.add_argument("--made", metavar="KINDS", help="all, clean, hard, none, or names")
    parser.add_argument("--seeds", default="0-9", metavar="A-B", help="of made scenes")
    parser.add_argument("--shrunk", action="store_true", help="made scenes, as small as the photos")
    parser.add_argument("--save", type=Path, metavar="DIR", help="keep failures on made scenes")
    arguments = parser.parse_args()
    try:
        if arguments.made is None:
            _measure_and_write(arguments)
            return 0
        if arguments.save is not None:
            arguments.save.mkdir(parents=True, exist_ok=True)
        kinds, seeds = parse_kinds(arguments.made), parse_seeds(arguments.seeds)
        print_scores(read_made(kinds, seeds, arguments.save, arguments.shrunk))
    except ThumbnetError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except subprocess.CalledProcessError:
        return 1  # The tool has said on stderr why.
    return 0


def _measure_and_write(arguments: argparse.Namespace) -> None:
    def run(name: str, photos: Sequence[Path]) -> ToolRun:
        return run_tool(name, photos, threads=arguments.threads, python=arguments.python)

    result = {
        "measured": now(),
        "threads": arguments.threads,
        **measure(arguments.tool, arguments.folder, run),
        **describe_environment(torch.device("cpu")),
    }
    print(to_json({name: value for name, value in result.items() if name != "kinds"}))
    if arguments.folder == PHOTOS and not arguments.dry_run:
        merge_result(RESULTS, arguments.tool, result)


def merge_result(path: Path, tool: str, result: dict[str, Any]) -> None:
    """Write a tool's result into the file of all tools; the others stay as they are."""
    results = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    write_atomically(path, to_json({**results, tool: result}))


if __name__ == "__main__":
    sys.exit(main())
