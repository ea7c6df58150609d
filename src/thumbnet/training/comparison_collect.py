"""From the run folders of a comparison to its results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from thumbnet.errors import DataError
from thumbnet.evaluation.comparison_results import RunScores, Side, compare_sides
from thumbnet.training.comparison_plan import TUNING_SEEDS, Plan, slug
from thumbnet.training.comparison_runs import read_compared
from thumbnet.training.comparison_sides import differences
from thumbnet.training.comparison_tuning import SPAN, choose_rates, tuned_recipes
from thumbnet.training.receipt import now


def run_folder(out: Path, plan: Plan, side: int, seed: int) -> Path:
    """Return where a run is kept."""
    return out / "runs" / f"{side + 1}-{slug(plan.sides[side].name)}-seed{seed}"


def collect(plan: Plan, out: Path, target: float | None) -> dict[str, Any]:
    """Return the results of a comparison whose runs have all ended.

    Raises:
        DataError: two runs did not see the same images; or every run diverged.
    """
    tuning = choose_rates(out, plan)
    sides, receipts = [], []
    for index, planned in enumerate(plan.sides):
        runs: list[RunScores] = []
        diverged = []
        for seed in plan.seeds:
            ended = read_compared(run_folder(out, plan, index, seed))
            if ended is None:
                diverged.append(seed)
            else:
                runs.append(ended[0])
                receipts.append(ended[1])
        sides.append(Side(planned.name, runs, diverged, {"tuning": tuning[index]}))
    check_same_images(receipts)
    if not receipts:
        raise DataError("every run diverged", fix="start from a lower rate (--set lr=…)")
    recipes = tuned_recipes(plan, tuning)
    return {
        "format": 1,
        "title": plan.title,
        "finished": now(),
        "plan": {
            "seeds": list(plan.seeds),
            "tune": plan.tune,
            "tune_span": SPAN,
            "tune_seeds": len(TUNING_SEEDS),
        },
        "data": _describe_data(receipts),
        **compare_sides(sides, target, plan.pairs),
        "differences": differences(recipes),
        "recipes": {
            side.name: recipe.model_dump(mode="json", exclude={"seed"})
            for side, recipe in zip(plan.sides, recipes, strict=True)
        },
        "notes": _notes(plan, tuning, receipts),
        **{key: receipts[0][key] for key in ("code", "libraries", "hardware")},
    }


def check_same_images(receipts: Sequence[dict[str, Any]]) -> None:
    """Raise ``DataError`` unless all runs saw the same images.

    Where a key of the data is varied, those with the same value; the test images are always one.
    """
    seen: dict[str, tuple[str, str]] = {}
    for receipt in receipts:
        recipe, data = receipt["recipe"], receipt["data"]
        section = json.dumps([recipe["data"], recipe["input"]["size_px"]], sort_keys=True)
        name = f"{recipe['name']}, seed {recipe['seed']}"
        for key, group in (
            ("train_hash", section),
            ("validation_hash", section),
            ("test_hash", ""),
        ):
            first, first_name = seen.setdefault(f"{key} {group}", (data[key], name))
            if data[key] != first:
                raise DataError(
                    f"two runs did not see the same {key.partition('_')[0]} images",
                    got=f"{name}: {data[key]}; {first_name}: {first}",
                    fix="restore the data, remove the runs that saw the other, and start again",
                )


def _describe_data(receipts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the data's name, hashes and numbers of images; each list has a value once."""
    each = [receipt["data"] for receipt in receipts]
    described = {key: list(dict.fromkeys(data[key] for data in each)) for key in each[0]}
    return {**described, "name": ", ".join(described["name"])}


def _notes(
    plan: Plan, tuning: Sequence[dict[str, Any] | None], receipts: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    notes: list[dict[str, Any]] = []
    for side, found in zip(plan.sides, tuning, strict=True):
        if side.dropped:
            section = side.dropped[0].partition(".")[0]
            owner = getattr(side.recipe, section).name
            keys = ", ".join(side.dropped)
            notes.append({"code": "dropped", "side": side.name, "keys": keys, "owner": owner})
        if found and found["is_at_edge"]:
            notes.append({"code": "edge", "side": side.name})
    if len({receipt["code"]["source_sha256"] for receipt in receipts}) > 1:
        notes.append({"code": "sources"})
    return notes
