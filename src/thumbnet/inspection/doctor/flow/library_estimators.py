"""scikit-learn and its kin: estimators, scalers, metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thumbnet.inspection.doctor.flow.array_results import score
from thumbnet.inspection.doctor.flow.registry import method
from thumbnet.inspection.doctor.flow.values import Value, unknown

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

_LIBRARIES = ("sklearn.", "xgboost.", "lightgbm.", "catboost.", "imblearn.", "umap.")
SCALERS = frozenset(
    (
        *("StandardScaler", "MinMaxScaler", "RobustScaler", "MaxAbsScaler", "PowerTransformer"),
        *("QuantileTransformer", "PCA", "IncrementalPCA", "KernelPCA", "TruncatedSVD", "FastICA"),
        *(
            "NMF",
            "SelectKBest",
            "VarianceThreshold",
            "SimpleImputer",
            "KNNImputer",
            "SelectPercentile",
        ),
        *("LinearDiscriminantAnalysis", "KBinsDiscretizer", "SelectFromModel"),
    )
)
_COPIERS = frozenset(
    (
        "SMOTE",
        "RandomOverSampler",
        "ADASYN",
        "BorderlineSMOTE",
        "SVMSMOTE",
        "SMOTEENN",
        "SMOTETomek",
    )
)
_METRICS = ("_score", "_error", "_loss", "accuracy", "evaluate")


def by_family(interpreter: Interpreter, made: Call) -> Value | None:
    """Handle estimators and metrics by where they are from."""
    if made.name.startswith("sklearn.metrics.") or made.name.startswith("torchmetrics.functional."):
        if made.tail.endswith(_METRICS) or made.tail == "score":
            return score(interpreter, *made.everything)
        return None
    if not made.name.startswith(_LIBRARIES):
        return None
    if made.name.startswith("sklearn.model_selection.cross_"):
        interpreter.note("fold", made.node, Value(), *made.arguments)
        return score(interpreter)
    if made.tail == "resample":
        given = made.first()
        return given.copy(facts={"copies": True}) if given.kind == "images" else made.result()
    if made.tail in ("make_pipeline", "Pipeline"):
        return Value("estimator", name=made.name, node=made.node, facts={"keywords": made.keywords})
    if made.tail[:1].isupper():
        kind = "scaler" if made.tail in SCALERS else "estimator"
        facts = {"keywords": made.keywords, "copies": made.tail in _COPIERS}
        return Value(kind, name=made.name, node=made.node, facts=facts)
    return None


@method("scaler estimator", "fit", "partial_fit")
def _fit(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    interpreter.note(
        "fit", made.node, made.owner, *made.arguments, keywords=made.keywords, call=made
    )
    data = made.first()
    made.owner.facts["fitted_on"] = data
    if made.owner.kind == "scaler":
        made.owner.facts["fit_splits"] = data.splits
        made.owner.facts["fit_before"] = None if data.splits else made.node
    return made.owner


@method("scaler", "transform", "inverse_transform")
def _transform(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    return _scaled(made.owner, made.first())


@method("scaler estimator", "fit_transform")
def _fit_transform(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    _fit(interpreter, made)
    return _scaled(made.owner, made.first())


def _scaled(scaler: Value, data: Value) -> Value:
    facts = {"normalised": True, "scaled": True}
    before = scaler.facts.get("fit_before")
    if before is not None and (not data.splits or _is_cut_from(data, scaler.facts["fitted_on"])):
        facts["fitted_before"] = before
    if data.kind == "images":
        return data.copy(facts=facts)
    return unknown(data, kind="images", facts={**data.facts, **facts})


def _is_cut_from(data: Value, whole: Value) -> bool:
    """Whether pictures are a part that was cut off those that a scaler has seen."""
    cut_from: Value | None = data.facts.get("cut_from")
    if cut_from is None or cut_from is whole:
        return cut_from is not None
    base = whole.facts.get("base")
    is_part = any(whole.facts.get(name) for name in ("cut", "is_part", "is_slice", "is_of_part"))
    return base is not None and base is cut_from.facts.get("base") and not is_part


@method("estimator", "fit_resample")
def _resample(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    copies = bool(made.owner.facts.get("copies"))
    values = [
        value.copy(facts={"copies": copies or value.facts.get("copies", False)})
        for value in made.arguments
    ]
    return Value("tuple", items=values) if len(values) > 1 else made.result()


@method("estimator", "split")
def _split(interpreter: Interpreter, made: Call) -> Value:
    interpreter.note("fold", made.node, made.owner or Value(), *made.arguments)
    return made.result()


@method("estimator scaler", "score")
def _score(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    interpreter.note("estimator-test", made.node, made.owner, *made.arguments)
    return score(interpreter, *made.arguments)


@method("estimator", "predict", "predict_proba", "decision_function")
def _predict(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    interpreter.note("estimator-test", made.node, made.owner, *made.arguments)
    return unknown(*made.arguments, kind="predictions", node=made.node)
