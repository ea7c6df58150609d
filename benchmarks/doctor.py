"""How many planted mistakes the doctor finds in small scripts, and how often it is wrong.

Each set of scripts in ``tests/inspection/doctor_scripts`` was written without knowledge of the
rules; its ``manifest.toml`` says for each script which mistakes are in it. Half of them have none.
A set tells what the doctor finds in unseen scripts only once, before the rules are repaired by it.

Usage::

    python benchmarks/doctor.py                       # print
    python benchmarks/doctor.py --only third --blind  # also write results/doctor/third_blind.json
    python benchmarks/doctor.py --repaired            # write *_repaired.json of every set
    python benchmarks/doctor.py --labels              # measure, write results/doctor/labels.json

With ``--labels`` some labels of MNIST's training images are changed on purpose, and counted is how
many of them are found.
"""

from __future__ import annotations

import argparse
import time
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from sklearn.metrics import roc_auc_score

from thumbnet.datasets.mnist import load_mnist
from thumbnet.files import to_json, write_atomically
from thumbnet.inspection.doctor.labels import find_suspects, normalised_margins
from thumbnet.inspection.doctor.script import inspect_script
from thumbnet.training.out_of_fold import out_of_fold_probabilities
from thumbnet.training.receipt import describe_environment

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "tests" / "inspection" / "doctor_scripts"
RESULTS = Path(__file__).parent / "results" / "doctor"
CHANGED_SHARE = 0.03
# Number of images, seed.
LABEL_TRIALS = ((3_000, 0), (3_000, 1), (3_000, 2), (60_000, 0))


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(each.name for each in SCRIPTS.iterdir()))
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--blind", action="store_true", help="the rules never saw these scripts")
    when.add_argument("--repaired", action="store_true", help="they were repaired by them")
    when.add_argument("--labels", action="store_true", help="measure wrong labels instead")
    arguments = parser.parse_args()
    if arguments.labels:
        write("labels", measure_labels())
        return
    for folder in sorted(SCRIPTS.iterdir()):
        if arguments.only in (None, folder.name):
            result = measure(folder)
            print(f"\n{folder.name}")
            show(result)
            if arguments.blind or arguments.repaired:
                write(f"{folder.name}_{'blind' if arguments.blind else 'repaired'}", result)


def write(name: str, result: dict[str, Any]) -> None:
    """Keep a result under ``results/doctor``."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    write_atomically(RESULTS / f"{name}.json", to_json(result))


def measure(folder: Path) -> dict[str, Any]:
    """Return what was found, missed and reported wrongly, in all and for each code."""
    manifest = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    found: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    rows = {}
    for name, entry in manifest.items():
        expected = set(entry["codes"])
        reported = {finding.code for finding in inspect_script(folder / name)}
        found.update(expected & reported)
        missed.update(expected - reported)
        wrong.update(reported - expected)
        if expected != reported:
            rows[name] = {
                "missed": sorted(expected - reported),
                "wrong": sorted(reported - expected),
            }
    clean = [name for name, entry in manifest.items() if not entry["codes"]]
    codes = sorted({*found, *missed, *wrong})
    return {
        "num_scripts": len(manifest),
        "num_clean": len(clean),
        "num_mistakes": found.total() + missed.total(),
        "num_found": found.total(),
        "num_missed": missed.total(),
        "num_false_alarms": wrong.total(),
        "num_clean_with_alarm": sum(bool(rows.get(name, {}).get("wrong")) for name in clean),
        "codes": {
            code: {"found": found[code], "missed": missed[code], "false_alarms": wrong[code]}
            for code in codes
        },
        "scripts_that_differ": rows,
    }


def measure_labels() -> dict[str, Any]:
    """Return for each trial how well labels that were changed on purpose are found."""
    rows = []
    for num_images, seed in LABEL_TRIALS:
        rows.append(measure_labels_once(num_images, seed))
        print(rows[-1], flush=True)
    environment = describe_environment(torch.device("cpu"))
    return {"changed_share": CHANGED_SHARE, "trials": rows, **environment}


def measure_labels_once(num_images: int, seed: int) -> dict[str, Any]:
    """Change labels of some of MNIST's training images, and look for them."""
    digits = load_mnist("train")
    generator = torch.Generator().manual_seed(seed)
    digits = digits.subset(torch.randperm(len(digits), generator=generator)[:num_images])
    changed = torch.rand(num_images, generator=generator) < CHANGED_SHARE
    shift = torch.randint(1, 10, (num_images,), generator=generator)
    labels = torch.where(changed, (digits.labels + shift) % 10, digits.labels)
    start = time.process_time()
    rows = out_of_fold_probabilities(replace(digits, labels=labels), seed=seed)
    seconds = time.process_time() - start
    suspects = find_suspects(labels, rows)
    hits = changed[suspects.indices].double()
    return {
        "num_images": num_images,
        "seed": seed,
        "num_changed": int(changed.sum()),
        "num_suspects": len(suspects),
        "precision": float(hits.mean()),
        "recall": float(hits.sum() / changed.sum()),
        "precision_of_first_50": float(hits[:50].mean()),
        "auroc": float(roc_auc_score(changed, -normalised_margins(labels, rows))),
        "processor_s": round(seconds, 1),
    }


def show(result: dict[str, Any]) -> None:
    """Print the figures as a table."""
    print(f"{'code':32} found missed false")
    for code, row in result["codes"].items():
        print(f"{code:32} {row['found']:5} {row['missed']:6} {row['false_alarms']:5}")
    print(
        f"\n{result['num_scripts']} scripts, {result['num_clean']} clean;"
        f" {result['num_found']} of {result['num_mistakes']} mistakes found,"
        f" {result['num_false_alarms']} false alarms"
        f" ({result['num_clean_with_alarm']} clean scripts with one)"
    )
    for name, row in result["scripts_that_differ"].items():
        print(f"{name}: missed {row['missed']}, wrong {row['wrong']}")


if __name__ == "__main__":
    main()
