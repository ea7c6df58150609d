"""Write the tables of ``docs/recipes.md`` from the recipe's own fields.

Usage::

    python scripts/make_recipe_page.py            # rewrite what stands between the markers
    python scripts/make_recipe_page.py --check    # exit 1 if the page is not up to date

The tables stand between ``<!-- keys -->`` and ``<!-- end of keys -->``.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from thumbnet.training.recipe import OPTIMIZER_KEYS, Recipe

PAGE = Path(__file__).parents[1] / "docs" / "recipes.md"
START, END = "<!-- keys -->\n", "<!-- end of keys -->"
HEADER = "| key | type | default | means |\n| --- | --- | --- | --- |\n"
TYPES = {bool: "true or false", int: "integer", float: "number", str: "text"}

# What the fields do not say of themselves, because their names do to those who know the field.
MEANINGS = {
    "description": "one line for people, shown by `thumbnet recipes`",
    "epochs": "passes over the training images",
    "batch_size": "images in a step",
    "seed": "every random choice of training derives from it",
    "log_every_steps": "steps between two lines of `metrics.jsonl`",
    "augmentation.rotation_degrees": "uniform in ± this",
    "augmentation.translation_px": "uniform in ± this, in each direction",
    "augmentation.shear_degrees": "horizontal slant, uniform in ± this",
    "model.name": "a [registered model](models.md); its own arguments stand beside it",
    "loss.name": "`mse` is the squared error between the logits' sigmoid and the one-hot label",
    "loss.label_smoothing": "for cross-entropy: share of the label that is spread over all classes",
    "optimizer.name": "which optimiser; each takes its own keys only, see below",
    "optimizer.momentum": "share of the last step that is kept",
    "optimizer.nesterov": "look ahead along the momentum, which must be above 0",
    "optimizer.weight_decay": "pulls weights to 0; decoupled from the gradient for adamw, and from"
    " the rate for muon",
    "optimizer.betas": "decay of the running means of the gradient and of its square",
    "optimizer.epsilon": "added to the denominator",
    "schedule.name": "its shape over the run",
    "early_stopping.metric": "what must improve",
    "early_stopping.min_improvement": "a smaller gain counts as none",
}


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the dotted prefix and the class of the recipe itself and of each of its sections."""
    yield "", Recipe
    for name, field in Recipe.model_fields.items():
        if is_section(field):
            assert isinstance(field.annotation, type)
            yield f"{name}.", field.annotation


def is_section(field: FieldInfo) -> bool:
    """Return whether a field holds keys of its own."""
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def make_tables() -> str:
    """Return one table for each section of a recipe, in Markdown."""
    parts = []
    for prefix, section in sections():
        title = f"`[{prefix[:-1]}]`" if prefix else "Top level"
        about = f"{(inspect.getdoc(section) or '').strip()}\n\n" if prefix else ""
        rows = [
            row(prefix + name, field)
            for name, field in section.model_fields.items()
            if not is_section(field)
        ]
        parts.append(f"### {title}\n\n{about}{HEADER}{''.join(rows)}")
    return "\n" + "\n".join(parts) + "\n" + optimizer_keys() + "\n"


def row(key: str, field: FieldInfo) -> str:
    """Return the table line of one key.

    Raises:
        KeyError: neither the field nor ``MEANINGS`` says what it means.
    """
    means = field.description or MEANINGS[key]
    kind = describe_type(field.annotation) + describe_limits(field)
    cells = (f"`{key}`", kind, f"`{to_toml(field.default)}`", means)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def describe_type(annotation: Any) -> str:
    """Return a type in words, as somebody who writes TOML knows it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{to_toml(value)}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(describe_type(part) for part in arguments if part is not type(None))
    if origin is tuple:
        return "list of numbers" if Ellipsis in arguments else f"list of {len(arguments)} numbers"
    return TYPES[annotation]


def describe_limits(field: FieldInfo) -> str:
    """Return the limits of a number, e.g. `` ≥ 0, < 1``."""
    signs = {
        annotated_types.Ge: ("ge", "≥"),
        annotated_types.Gt: ("gt", ">"),
        annotated_types.Le: ("le", "≤"),
        annotated_types.Lt: ("lt", "<"),
    }
    limits = []
    for limit in field.metadata:
        if type(limit) in signs:
            attribute, sign = signs[type(limit)]
            value = getattr(limit, attribute)
            limits.append(f"{sign} {'2⁶³' if value == 2**63 else value}")
    return f" {', '.join(limits)}" if limits else ""


def to_toml(value: object) -> str:
    """Return a default as it would be written; a key that is left out has none."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return str(list(value)) if isinstance(value, tuple) else str(value)


def optimizer_keys() -> str:
    """Return the table of which optimiser takes which keys."""
    names = sorted(set().union(*OPTIMIZER_KEYS.values()))
    lines = [f"| optimiser | {' | '.join(f'`{name}`' for name in names)} |\n"]
    lines.append(f"| --- |{' :---: |' * len(names)}\n")
    for optimizer, keys in OPTIMIZER_KEYS.items():
        marks = ("✓" if name in keys else " " for name in names)
        lines.append(f"| `{optimizer}` | {' | '.join(marks)} |\n")
    return "### Which optimiser takes what\n\n" + "".join(lines)


def main() -> None:
    """Rewrite the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    before = PAGE.read_text(encoding="utf-8")
    head, _, rest = before.partition(START)
    after = head + START + make_tables() + END + rest.partition(END)[2]
    if not check:
        PAGE.write_text(after, encoding="utf-8")
    print("up to date" if after == before else "stale" if check else "rewritten")
    sys.exit(check and after != before)


if __name__ == "__main__":
    main()
