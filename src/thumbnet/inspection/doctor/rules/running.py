"""Runs that cannot be repeated, and weights that are kept as programs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from thumbnet.inspection.doctor.flow.trace import Event
from thumbnet.inspection.doctor.flow.values import Value, reachable
from thumbnet.inspection.doctor.rules.script import Hit, Script, called_name

# Seeds that do not reach the weights of torch or Keras.
_OTHER_SEEDS = ("random", "np", "numpy", "rng")
_DRAWING_ESTIMATORS = frozenset(
    (
        *("MLPClassifier", "RandomForestClassifier", "ExtraTreesClassifier", "SGDClassifier"),
        *("GradientBoostingClassifier", "BaggingClassifier", "MLPRegressor", "Perceptron"),
        *("DecisionTreeClassifier", "AdaBoostClassifier", "HistGradientBoostingClassifier"),
    )
)


def unseeded(script: Script) -> Iterator[Hit]:
    """A network is trained from a start that nobody can repeat."""
    steps = [event for event in script.trace.of("optimizer-step") if event.is_called]
    by_framework = [
        event for event in script.trace.of("keras-fit", "trainer-fit") if event.is_called
    ]
    started = [
        *(steps if script.trained_passes or script.trace.of("backward") else ()),
        *by_framework,
    ]
    if started and not _is_seeded(script.tree):
        first = _first_optimizer(script, steps) or started[0].node
        yield Hit("unseeded", first)
    for event in script.trace.of("fit"):
        is_drawing = event.value.kind == "estimator" and event.value.tail in _DRAWING_ESTIMATORS
        if is_drawing and event.is_called and not _has_any_seed(script.tree):
            yield Hit("unseeded", event.value.node, "estimator", {"what": event.value.tail})


def _first_optimizer(script: Script, steps: list[Event]) -> ast.AST | None:
    made = script.trace.of("optimizer")
    return made[0].node if steps and made else None


def _is_seeded(tree: ast.Module) -> bool:
    """Whether something that may reach the weights is seeded anywhere."""
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = called_name(node).lower()
            if name in ("prngkey", "rngs"):
                return True
            # A function of the file seeds what its own lines say.
            if "seed" in name and called_name(node) not in own and not _is_other_seed(node):
                return True
        if isinstance(node, ast.keyword) and node.arg in ("seed", "random_seed", "manual_seed"):
            return True
    return False


def _is_other_seed(node: ast.Call) -> bool:
    if not (isinstance(node.func, ast.Attribute) and node.func.attr == "seed"):
        return False
    base = ast.unparse(node.func.value)
    return base in ("random", "np.random", "numpy.random", "rng")


def _has_any_seed(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in ("random_state", "seed"):
            return True
        if isinstance(node, ast.Call) and "seed" in called_name(node).lower():
            return True
    return False


def pickle_weights(script: Script) -> Iterator[Hit]:
    """A model is kept as a pickle, which is a program that whoever loads it runs."""
    for event in script.trace.of("save"):
        kinds = {value.kind for value in reachable([event.value])}
        is_pickle = event.facts["by"] != "torch.save"
        if "model" in kinds or (is_pickle and kinds & {"estimator", "state"}):
            yield Hit("pickle-weights", event.node, "pickle" if is_pickle else "")
    for event in script.trace.of("load"):
        weights_only: Value | None = event.facts["weights_only"]
        if weights_only is not None and weights_only.constant is False:
            yield Hit("pickle-weights", event.node, "load")
