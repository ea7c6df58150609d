"""Kill trainings with SIGKILL at random moments, resume them, and compare the weights bit by bit.

Usage::

    python benchmarks/kill_resume.py            # 30 kills, about eight minutes on two cores

For each recipe one run is left alone; its weights are the reference. Then runs of the same recipe
and seed are killed at a moment drawn uniformly between their start and the reference's end, so
some die while they start, save, evaluate or write the report; one that ended before its moment is
not counted. A run that was killed before its
folder existed has nothing to resume and is started again. Writes
``benchmarks/results/kill_resume.json``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from thumbnet.files import sha256, to_json
from thumbnet.training.receipt import describe_environment, now

# Momentum; dropout with Adam; batch norm with augmentation and averaged weights.
COMMANDS = (
    ("tutorial-mlp", "epochs=3"),
    ("tutorial-dropout-mlp-adam", "epochs=4", "data.limit=20000"),
    ("mnist", "epochs=3", "data.limit=15000", "ema_decay=0.99"),
)
RESULT = Path(__file__).parent / "results" / "kill_resume.json"


def command(words: list[str]) -> list[str]:
    """Return the command line of ``thumbnet train`` with ``words``."""
    return [sys.executable, "-m", "thumbnet", "train", *words, "--quiet", "--json"]


def recipe_words(recipe: tuple[str, ...], out: Path) -> list[str]:
    """Return the arguments that start a run of ``recipe`` in ``out``, saving twice a second."""
    words = [recipe[0], "--seed", "3", "--out", str(out)]
    for change in (*recipe[1:], "checkpoint_every_s=0.5"):
        words += ["--set", change]
    return words


def kill_once(recipe: tuple[str, ...], out: Path, delay_s: float) -> dict[str, object] | None:
    """Start a run, kill it after ``delay_s``, finish it; return what happened.

    None if the run had ended by then.
    """
    process = subprocess.Popen(
        command(recipe_words(recipe, out)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(delay_s)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.returncode != -signal.SIGKILL:
        return None
    began = (out / "recipe.toml").exists()
    checkpoints = sorted(path.name for path in (out / "checkpoints").glob("*.ckpt"))
    words = ["--resume", str(out)] if began else recipe_words(recipe, out)
    subprocess.run(command(words), check=True, capture_output=True)
    return {
        "recipe": recipe[0],
        "killed_after_s": round(delay_s, 2),
        "newest_checkpoint": checkpoints[-1] if checkpoints else None,
        "weights_sha256": sha256(out / "model" / "model.safetensors"),
    }


def main() -> None:
    """Run all kills and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=10, help="for each of the three recipes")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)  # noqa: S311 - no secret depends on it
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for recipe in COMMANDS:
            reference = Path(folder) / f"{recipe[0]}-reference"
            start = time.monotonic()
            words = recipe_words(recipe, reference)
            subprocess.run(command(words), check=True, capture_output=True)
            duration_s = time.monotonic() - start
            expected = sha256(reference / "model" / "model.safetensors")
            for number in itertools.count():
                if sum(row["recipe"] == recipe[0] for row in rows) == arguments.kills:
                    break
                out = Path(folder) / f"{recipe[0]}-{number}"
                row = kill_once(recipe, out, moments.uniform(0, duration_s))
                if row is None:
                    continue
                row["identical"] = row["weights_sha256"] == expected
                rows.append(row)
                print(json.dumps(row), flush=True)
    identical = sum(bool(row["identical"]) for row in rows)
    print(f"{identical} of {len(rows)} killed and resumed runs are bit-identical")
    environment = describe_environment(torch.device("cpu"))
    summary = {"finished": now(), "identical": identical, "killed": len(rows)}
    RESULT.write_text(to_json({**summary, "rows": rows, **environment}), encoding="utf-8")
    sys.exit(identical != len(rows))


if __name__ == "__main__":
    main()
