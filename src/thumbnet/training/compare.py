"""``compare``: train every side with the same seeds, in turn; say what differs, and how surely.

```text
<out>/
  plan.json         what is compared; the same command goes on with it
  tuning/, runs/    a run folder for every trial, and for every side and seed
  results.json      every figure; the page is made from it alone
  comparison.md, comparison.html, figures/
```
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from thumbnet import files
from thumbnet.errors import CheckpointError, OutputError, RecipeError
from thumbnet.evaluation.canvas import save_figure
from thumbnet.evaluation.comparison_figures import draw_figures
from thumbnet.evaluation.comparison_pages import comparison_page
from thumbnet.evaluation.page_blocks import to_html, to_markdown
from thumbnet.languages import check_language
from thumbnet.training.comparison_collect import check_same_images, collect, run_folder
from thumbnet.training.comparison_display import RunsDisplay
from thumbnet.training.comparison_plan import TUNING_SEEDS, Plan, first_difference, make_plan
from thumbnet.training.comparison_runs import has_ended, read_compared, train_compared
from thumbnet.training.comparison_tuning import (
    choose_rates,
    run_trials,
    trials_to_come,
    tuned_recipes,
)
from thumbnet.training.device import choose_device
from thumbnet.training.gradient_sizes import first_gradients
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import change_recipe
from thumbnet.training.run_files import LOCK

PLAN, RESULTS, FIGURES, PAGE = "plan.json", "results.json", "figures", "comparison"


def compare(
    recipes: str | Path | Recipe | Sequence[str | Path | Recipe],
    *,
    vary: Mapping[str, Sequence[object]] | None = None,
    seeds: int = 5,
    overrides: Mapping[str, object] | None = None,
    data: str | None = None,
    target: float | None = None,
    tune: int = 0,
    gradients: bool = False,
    out: Path | str | None = None,
    device: str = "auto",
    language: str = "en",
    progress: bool = True,
) -> dict[str, Any]:
    """Compare recipes, or the values of a recipe's keys, over several seeds.

    Every side sees the same split and, at equal batch size, the same order of images. The sides
    take turns: one seed of each, then the next seed, begun with another side. Called again with the
    same arguments, it goes on where it was stopped.

    Args:
        recipes: one or more packaged names, ``.toml`` files or recipes.
        vary: key → values; every combination is a side, see ``make_plan``.
        seeds: how many runs of each side, with the seeds 1 … n.
        overrides: changes of every side, dotted key → value.
        data: in place of the recipes' ``data.name``.
        target: validation accuracy, a fraction, whose time is reported; by default the one that
            every run reached.
        tune: try this many learning rates on each side first, each with three seeds, and take the
            best on the validation images.
        gradients: also measure the gradient in each layer before training.
        out: the folder; by default ``comparisons/<title>-<hash of the plan>``.
        device: see ``choose_device``.
        language: of the page, ``en`` or ``zh``.
        progress: show it on stderr.

    Returns:
        What ``results.json`` holds.

    Raises:
        RecipeError: see ``make_plan``; or a number is out of range.
        OutputError: ``out`` has another comparison.
        Interrupted: Ctrl-C or SIGTERM; everything is saved.
    """
    changes = dict(overrides or {}) | ({} if data is None else {"data.name": data})
    sources = [recipes] if isinstance(recipes, (str, Path, Recipe)) else list(recipes)
    plan = make_plan(
        sources, vary=vary, num_seeds=seeds, overrides=changes, tune=tune, gradients=gradients
    )
    folder = plan.default_folder() if out is None else Path(out)
    return run_plan(
        plan, folder, target=target, device=device, language=language, progress=progress
    )


def run_plan(
    plan: Plan,
    out: Path,
    *,
    target: float | None = None,
    device: str = "auto",
    language: str = "en",
    progress: bool = True,
) -> dict[str, Any]:
    """Run a plan, or what is left of it; write results and page into ``out``. See ``compare``."""
    check_language(language)
    if target is not None and not 0 < target <= 1:
        raise RecipeError("the target is no accuracy", got=target, expected="a fraction up to 1")
    chosen = choose_device(device)
    with _opened(out, plan, chosen):
        run_all(plan, out, str(chosen), progress)
        results = collect(plan, out, target)
        if plan.gradients:
            results["gradients"] = {
                side.name: first_gradients(side.recipe, plan.seeds, chosen) for side in plan.sides
            }
        write_page(results, out, language)
    return results


@contextlib.contextmanager
def _opened(out: Path, plan: Plan, device: torch.device) -> Iterator[None]:
    """Keep the plan in the folder, or hold it against the one that is there; lock the folder.

    Raises:
        OutputError: there is another comparison, or ``out`` cannot be a folder.
        CheckpointError: another process is at work there.
    """
    planned = {**plan.to_dict(), "device": device.type}
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.cannot_write(out, error) from error
    try:
        with FileLock(out / LOCK, timeout=0):
            _check_plan(out / PLAN, planned)
            files.write_atomically(out / PLAN, files.to_json(planned))
            yield
    except Timeout:
        raise CheckpointError(
            "another process is at work on this comparison", got=out, fix="wait for it, or stop it"
        ) from None


def _check_plan(path: Path, planned: dict[str, Any]) -> None:
    if not path.is_file():
        return
    was = json.loads(path.read_text(encoding="utf-8"))
    if found := first_difference(was, json.loads(files.to_json(planned))):
        key, before, after = found
        raise OutputError(
            "the folder has another comparison",
            got=f"{key}: {json.dumps(after)}",
            expected=f"{json.dumps(before)}, as it began",
            fix="start it with the same arguments, or choose another --out",
        )


def run_all(plan: Plan, out: Path, device: str, progress: bool) -> None:
    """Do every trial and every run that has not ended, side by side.

    Raises:
        DataError: two runs did not see the same images.
        Interrupted: see ``train``.
    """
    trials = trials_to_come(out, plan)
    folders = {place: run_folder(out, plan, place[1], place[0]) for place in plan.order()}
    ended = [read_compared(folder) for folder in folders.values() if has_ended(folder)]
    runs = [place for place, folder in folders.items() if not has_ended(folder)]
    kinds = [plan.sides[place[1]].name for place in [*trials, *runs]]
    num_all = len(plan.sides) * (plan.tune * len(TUNING_SEEDS) + plan.num_seeds)
    with RunsDisplay(kinds, num_all - len(kinds), progress) as display:
        run_trials(out, plan, device, display)
        recipes = tuned_recipes(plan, choose_rates(out, plan))
        for seed, side in runs:
            folder = folders[seed, side]
            display.begin(f"{plan.sides[side].name}, seed {seed}")
            train_compared(change_recipe(recipes[side], {"seed": seed}), folder, device, display)
            ended.append(read_compared(folder))
            # At once, not after an hour of training.
            check_same_images([found[1] for found in ended if found])
            said = f"test {ended[-1][0].accuracy:.2%}" if ended[-1] else "diverged"
            display.finish(said)


def write_page(results: Mapping[str, Any], out: Path, language: str = "en") -> None:
    """Write figures, page and, last, ``results.json``."""
    figures = draw_figures(results)
    (out / FIGURES).mkdir(exist_ok=True)
    for name, figure in figures.items():
        save_figure(figure, out / FIGURES / f"{name}.svg")
    blocks = comparison_page(results, language)
    paths = {name: f"{FIGURES}/{name}.svg" for name in figures}
    files.write_atomically(out / f"{PAGE}.md", to_markdown(blocks, paths))
    html = to_html(blocks, figures, title=results["title"], language=language)
    files.write_atomically(out / f"{PAGE}.html", html)
    files.write_atomically(out / RESULTS, files.to_json(results))
