"""Functions and methods of tensors and arrays: torch, numpy, jax and TensorFlow alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow import array_pictures, array_results, drawing
from thumbnet.inspection.doctor.flow.registry import METHODS
from thumbnet.inspection.doctor.flow.values import Value, join_all, reachable, unknown

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

    Operation = Callable[[Interpreter, Call, str, Value, list[Value]], Value | None]

_LIBRARIES = ("torch.", "numpy.", "jax.numpy.", "tensorflow.", "keras.ops.", "einops.", "cupy.")
_JOINS = ("cat", "concat", "concatenate", "stack", "vstack", "hstack", "append", "r_")
_ALONG_ROWS = ("cat", "concat", "concatenate", "vstack", "append", "r_")
_MAKES = ("from_numpy", "tensor", "as_tensor", "array", "asarray", "constant", "Tensor", "cast")
_STATISTICS = frozenset(("mean", "std", "var", "min", "max", "amin", "amax", "median", "std_mean"))
_TENSORS = ("images", "labels", "logits", "loss", "score", "hits", "predictions")
# Never a value of data, whatever they are called with.
_FRESH = ("randn", "rand", "zeros", "ones", "empty", "arange", "linspace", "eye", "full", "randint")

_BY_KIND: dict[str, Operation] = {
    "images": array_pictures.operate,
    "logits": array_results.on_logits,
    "hits": array_results.on_hits,
    "loss": array_results.on_metric,
    "score": array_results.on_metric,
    "labels": array_results.on_labels,
    "predictions": array_results.on_labels,
}


def by_family(interpreter: Interpreter, made: Call) -> Value | None:
    """Handle a library's function of an array as the array's method of the same name."""
    if not made.name.startswith(_LIBRARIES):
        return None
    if made.tail in _FRESH:
        return Value(node=made.node)
    if made.tail in _JOINS:
        return joined_arrays(made)
    given = made.first()
    if made.tail == "maximum" and given.is_constant and len(made.arguments) == 2:
        given = made.arguments[1]  # ``jnp.maximum(0, x)``
    if given.kind in ("list", "tuple") and given.items:
        return _of_list(interpreter, made, given)
    operation = _BY_KIND.get(given.kind)
    order = drawing.kept(made, given)
    if order is not None:
        return order
    if operation is None:
        return given if made.tail in _MAKES and given.kind != "constant" else None
    rest = made.arguments[1:] if made.arguments else []
    return operation(interpreter, made, made.tail, given, rest)


def joined_arrays(made: Call) -> Value:
    """Return arrays put together; the same pictures twice are remembered as copies."""
    given = made.first()
    items = given.items if given.items is not None else made.arguments
    parts = [item for item in items if item.kind in _TENSORS]
    if not parts:
        return made.result()
    joined = join_all(list(parts))
    splits = frozenset().union(*(part.splits for part in parts))
    passes = frozenset().union(*(part.passes for part in parts))
    facts: dict[str, Any] = {"batch_loop": None, "is_single": False}
    known = [part for part in parts if _is_whole(part)]
    bases = {
        (part.facts.get("slice"), *(id(part.facts.get(key)) for key in _ORIGIN)) for part in known
    }
    if parts[0].kind == "images" and _is_by_rows(made) and len(known) > len(bases):
        facts["copies"] = True
    if any(part.facts.get("taken_from") is other for part in parts for other in parts):
        facts["copies"] = True
    if any(part.facts.get("copies") for part in parts):
        facts["copies"] = True
    if len(parts) > 1:
        facts["made_of"] = parts
        is_copied = bool(facts.get("copies")) and bool(known)
        facts["base"] = known[0].facts["base"] if is_copied else object()
    if joined.kind in ("loss", "score"):
        facts["is_accumulated"] = True
        facts["summed"] = [site for part in parts for site in part.facts.get("summed", ())]
    return joined.copy(splits=splits, passes=passes, facts=facts, node=made.node)


_ORIGIN = ("base", "cut", "place", "sliced_from")
"""What two arrays have in common of which one holds copies of the other's pictures."""


def _is_whole(part: Value) -> bool:
    """Whether an array holds known pictures of another: all, or a range, and no batch of them."""
    is_some = any(part.facts.get(key) for key in ("is_single", "loader"))
    is_some = is_some or (bool(part.facts.get("is_slice")) and part.facts.get("slice") is None)
    return part.facts.get("base") is not None and not is_some


def _is_by_rows(made: Call) -> bool:
    """Whether arrays are put below each other; side by side they are features of one picture."""
    axis = made.keywords.get("axis") or made.keywords.get("dim")
    if axis is None and made.tail in _ALONG_ROWS and len(made.arguments) == 2:
        given = made.arguments[1]
        axis = given if made.tail != "append" and given.kind == "constant" else None
    return made.tail in _ALONG_ROWS and (axis is None or axis.number == 0)


def _of_list(interpreter: Interpreter, made: Call, given: Value) -> Value | None:
    """Handle ``np.mean(losses)``, ``np.argmax(scores)`` and ``np.array(pictures)``."""
    items = [value for value in reachable([given]) if value.kind in ("loss", "score")]
    if items and made.tail in ("argmax", "argmin", "max", "min", "amax", "amin", "argsort"):
        interpreter.note("choice-call", made.node, unknown(*items), *items)
        return unknown(*items, kind=items[0].kind)
    tensors = [item for item in given.items or () if item.kind in _TENSORS]
    if not tensors:
        return None
    joined = join_all(tensors)
    facts: dict[str, Any] = {"batch_loop": None}
    if joined.kind in ("loss", "score"):
        facts["is_accumulated"] = True
        if made.tail == "sum":
            facts["sum_of"] = "means" if joined.facts.get("reduction") == "mean" else None
    if made.tail in _MAKES and joined.kind == "images":
        facts["is_single"] = False
    return joined.copy(facts=facts)


def _as_method(name: str) -> Callable[[Interpreter, Call], Value]:
    def handler(interpreter: Interpreter, made: Call) -> Value:
        owner = made.owner or Value()
        result = _BY_KIND[owner.kind](interpreter, made, name, owner, made.arguments)
        return made.result() if result is None else result

    return handler


_METHOD_NAMES = (
    *array_results.SAME,
    *array_pictures.SHAPES,
    *_STATISTICS,
    *("softmax", "log_softmax", "sigmoid", "argmax", "argmin", "topk", "log", "exp", "item"),
    *("sum", "eq", "ne", "size", "numel", "flip", "repeat", "permute", "transpose", "sub"),
    *("div", "div_", "sub_", "mul", "neg", "swapaxes", "numpy", "detach", "tolist", "equal"),
    *("dot", "matmul", "relu", "tanh"),
    *("invert", "normal_", "view", "reshape", "flatten", "get", "add_", "index_select", "argsort"),
)
for _kind in _BY_KIND:
    for _name in _METHOD_NAMES:
        METHODS[_kind].setdefault(_name, _as_method(_name))


def _keep_statistic(_interpreter: Interpreter, made: Call) -> Value:
    """A mean over the pictures of each picture's mean is one of all pictures."""
    assert made.owner is not None
    kind = "statistic" if made.name in ("sum", "mean") else made.owner.kind
    return made.owner.copy(kind=kind)


for _name in ("item", "tolist", "numpy", "float", "to", "sum", "mean", "sqrt", "view", "reshape"):
    METHODS["statistic"][_name] = METHODS["own-statistic"][_name] = _keep_statistic
