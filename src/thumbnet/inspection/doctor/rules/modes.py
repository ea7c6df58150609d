"""Training and evaluation mode: dropout and batch norm behave differently in the two."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from thumbnet.inspection.doctor.flow.parts import parts_of
from thumbnet.inspection.doctor.flow.trace import Event
from thumbnet.inspection.doctor.flow.values import OWN, Value
from thumbnet.inspection.doctor.rules.script import (
    NOT_TRAINED_ON,
    Hit,
    Script,
    input_splits,
    name_of,
    same_network,
    used_names,
)

_DIFFERS = re.compile(r"dropout|batchnorm|batch_norm|droppath|stochasticdepth|rrelu", re.IGNORECASE)
_ON_PURPOSE = re.compile(r"mc_|monte|uncertain|bayes|dropout|recalibrat|update_bn", re.IGNORECASE)


def no_eval_mode(script: Script) -> Iterator[Hit]:
    """A network sees test data, validation data or a person's picture in training mode."""
    for event in script.evaluations:
        names = {mode for mode, _ in event.modes}
        if names != {"train"} or _is_on_purpose(event) or differs_by_mode(event.value) is False:
            continue
        form = "own" if OWN in input_splits(event) else ""
        yield Hit("no-eval-mode", event.node, form, {"model": name_of(event.value)})
    for event in script.trace.of("keras-predict"):
        splits = input_splits(event)
        is_held_out = bool(splits) and splits <= NOT_TRAINED_ON
        if event.facts.get("in_training") and is_held_out and not _is_on_purpose(event):
            yield Hit("no-eval-mode", event.node, "keras", {"model": name_of(event.value)})


def no_train_mode_again(script: Script) -> Iterator[Hit]:
    """After an evaluation the network is trained on in evaluation mode."""
    evaluating = {
        (event.value, node)
        for event in script.evaluations
        for mode, node in event.modes
        if mode == "eval" and node is not None
    }
    trained_at = {
        event.node for event in script.trained_passes if "train" in {m for m, _ in event.modes}
    }
    for event in script.trained_passes:
        if not (event.with_gradient and event.is_called):
            continue
        for mode, node in event.modes:
            was_for_testing = mode == "eval" and (event.value, node) in evaluating
            if not was_for_testing or differs_by_mode(event.value) is False:
                continue
            if not isinstance(node, ast.AST):
                continue
            if event.node in trained_at or _is_only_for_testing(script, node, event):
                yield Hit("no-train-mode-again", node, "", {"model": name_of(event.value)})


def _is_only_for_testing(script: Script, node: ast.AST, event: Event) -> bool:
    """Whether what tests sets the mode for itself, and an optimiser's step is in it later.

    Who trains in evaluation mode on purpose, with frozen batch norm, says so where training is.
    """
    if not _is_stepped(script, event):
        return False
    places = script.places_of(node)
    functions = [place.name for place in places if isinstance(place, ast.FunctionDef)]
    if functions and functions[0] not in event.functions:
        tests = [e for e in script.evaluations if node in {by for _, by in e.modes}]
        return any(functions[0] in each.functions for each in tests)
    loops = {loop.node for loop in event.loops}
    is_behind = getattr(node, "lineno", 0) > event.line
    return is_behind and any(place in loops for place in places)


def _is_stepped(script: Script, event: Event) -> bool:
    """Whether an optimiser that is known to hold the network makes a step in the same loop."""
    loops = {loop.node for loop in event.loops[-1:]}
    for step in script.trace.of("optimizer-step"):
        models = step.value.facts.get("models") or ()
        is_here = any(loop.node in loops for loop in step.loops)
        if is_here and any(same_network(each, event.value) for each in models):
            return True
    return False


def _is_on_purpose(event: Event) -> bool:
    return any(_ON_PURPOSE.search(name) for name in event.functions)


def differs_by_mode(model: Value) -> bool | None:
    """Return whether a network has layers that differ by mode, or None if it is not known."""
    if model.facts.get("by_name") or model.kind != "model":
        return None
    is_known = True
    for part in parts_of(model):
        made_by = part.facts.get("class")
        if part.facts.get("is_whole") or part.facts.get("joined_from"):
            return True if part.facts.get("is_whole") else None
        if _DIFFERS.search(part.tail):
            return True
        if made_by is not None:
            if made_by.node is not None and any(map(_DIFFERS.search, used_names(made_by.node))):
                return True
            bases = {base.name for base in made_by.facts["bases"] if base.kind != "class"}
            is_known = is_known and bases <= {"torch.nn.Module", "torch.nn.Sequential"}
            unseen = [v for v in part.attributes.values() if v.kind == "unknown"]
            is_known = is_known and not unseen
        elif not part.name.startswith("torch.nn."):
            is_known = False
    return False if is_known else None
