"""Losses and accuracies that are not what they are taken for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from thumbnet.inspection.doctor.flow.library_keras import last_activation
from thumbnet.inspection.doctor.flow.trace import Event, Loop
from thumbnet.inspection.doctor.flow.values import Value, reachable
from thumbnet.inspection.doctor.rules.script import HELD_OUT, Hit, Script

_ON_LOGITS = (
    *("CrossEntropyLoss", "cross_entropy", "softmax_cross_entropy"),
    "softmax_cross_entropy_with_integer_labels",
)
_BINARY_ON_LOGITS = (
    *("BCEWithLogitsLoss", "binary_cross_entropy_with_logits", "sigmoid_binary_cross_entropy"),
)
_ON_PROBABILITIES = ("NLLLoss", "nll_loss", "BCELoss", "binary_cross_entropy")
_SQUASHED = ("softmax", "log_softmax", "sigmoid")
_SAYS_LAST = re.compile(r"\blast\b|\bbatch\b|\bstep\b|\biter", re.IGNORECASE)
_WHOLE_BATCH = 5000
_KERAS_LOSS = re.compile(
    r"(sparse_?)?categorical_?crossentropy|binary_?crossentropy", re.IGNORECASE
)


def softmax_before_cross_entropy(script: Script) -> Iterator[Hit]:
    """A loss that takes logits is given probabilities, or the other way round."""
    for event in script.trace.of("loss"):
        given = event.arguments[0]
        activation = given.facts.get("activation")
        tail = event.value.tail
        is_wrong = (tail in _ON_LOGITS and activation in _SQUASHED) or (
            tail in _BINARY_ON_LOGITS and activation in ("softmax", "sigmoid")
        )
        if is_wrong and given.kind in ("logits", "unknown"):
            node = given.facts.get("activation_node") or event.node
            form = "log" if activation == "log_softmax" else ""
            details = {"activation": activation, "loss": tail}
            yield Hit("softmax-before-cross-entropy", node, form, details)
    for event in script.trace.of("loss"):
        given, tail = event.arguments[0], event.value.tail
        if tail in _ON_PROBABILITIES and given.facts.get("is_linear") is True:
            form = "no-log-softmax" if "nll" in tail.lower() else "no-sigmoid"
            yield Hit("softmax-before-cross-entropy", event.node, form, {"loss": tail})
    for event in script.trace.of("softmax-twice"):
        node = event.value.facts.get("activation_node") or event.node
        details = {"activation": "softmax", "loss": "log_softmax"}
        yield Hit("softmax-before-cross-entropy", node, "", details)
    for event in script.trace.of("compile"):
        yield from _keras_loss(event, event.arguments[0], last_activation(event.value))
    for event in script.trace.of("loss"):
        if event.value.name.startswith("keras."):
            yield from _keras_loss(event, event.value, event.arguments[0].facts.get("activation"))


def _keras_loss(event: Event, loss: Value, activation: str | None) -> Iterator[Hit]:
    name = loss.text or loss.tail
    if activation is None or not _KERAS_LOSS.fullmatch(name):
        return
    given = (loss.facts.get("keywords") or {}).get("from_logits")
    positional = loss.facts.get("arguments") or []
    if given is None and positional:
        given = positional[0]
    if given is not None and not given.is_constant:
        return
    on_logits = given is not None and given.constant is True
    if on_logits and activation in ("softmax", "sigmoid"):
        details = {"activation": activation, "loss": f"{name}(from_logits=True)"}
        yield Hit("softmax-before-cross-entropy", event.node, "", details)
    if not on_logits and activation == "linear":
        yield Hit("softmax-before-cross-entropy", event.node, "none", {"loss": name})


def last_batch_loss(script: Script) -> Iterator[Hit]:
    """What is reported for an epoch is the loss or accuracy of its last batch."""
    for event in script.trace.of("report", "append"):
        values = reachable(event.arguments)
        if _SAYS_LAST.search(_words(values)):
            continue
        for value in values:
            loop = value.facts.get("batch_loop")
            is_metric = value.kind in ("loss", "score") and not value.facts.get("is_accumulated")
            if is_metric and isinstance(loop, Loop) and _is_over(loop, event):
                what = "loss" if value.kind == "loss" else "accuracy"
                yield Hit("last-batch-loss", event.node, "" if what == "loss" else "accuracy")
                break


def _is_over(loop: Loop, event: Event) -> bool:
    if loop in event.loops or loop.node in {each.node for each in event.loops}:
        return False
    size = loop.source.facts.get("batch_size")
    is_whole = size is not None and (size.kind == "count" or (size.number or 0) >= _WHOLE_BATCH)
    return not is_whole


def _words(values: list[Value]) -> str:
    texts = [value.text for value in values if value.text is not None]
    return " ".join([*texts, *(str(value.facts.get("words", "")) for value in values)])


def loss_accumulates_graph(script: Script) -> Iterator[Hit]:
    """A running total, or a list, keeps the graph of every batch in memory."""
    used = {
        site.node
        for event in script.trace.of("backward")
        for site in event.value.facts.get("summed", ())
    }
    for event in script.trace.of("loss-sum", "append"):
        value = event.value if event.kind == "loss-sum" else event.arguments[0]
        is_kept = value.kind == "loss" and value.facts.get("graph") is True and bool(event.loops)
        if is_kept and not value.facts.get("by_name") and event.node not in used:
            form = "list" if event.kind == "append" else ""
            yield Hit("loss-accumulates-graph", event.node, form)


def wrong_loss_average(script: Script) -> Iterator[Hit]:
    """The sum of the batches' means is divided by the number of images."""
    for event in script.trace.of("wrong-average"):
        if not event.facts.get("is_cancelled"):
            form = "sums" if event.facts["sum_of"] == "sums" else ""
            yield Hit("wrong-loss-average", event.node, form)


def argmax_dimension(script: Script) -> Iterator[Hit]:
    """The largest value is looked for over the batch in place of over the classes."""
    compared = {
        value.node
        for event in script.trace.of("hits")
        for value in (event.value, *event.arguments)
        if value.kind == "predictions"
    }
    for event in script.trace.of("argmax"):
        logits, axis = event.value, event.facts.get("axis")
        facts = logits.facts
        is_one = facts.get("is_row") or facts.get("is_squeezed")
        given = facts.get("input")
        if is_one or given is None or given.facts.get("is_single"):
            continue
        if axis is not None and axis.number == 0:
            # Of what is only called so, nobody knows whether it is one picture or many.
            if given.facts.get("by_name") and not given.splits and "loader" not in given.facts:
                continue
            yield Hit("argmax-dimension", event.node)
        elif axis is None and event.node in compared and _is_batch(given):
            yield Hit("argmax-dimension", event.node, "none")


def _is_batch(given: Value) -> bool:
    loader = given.facts.get("loader")
    if loader is None:
        return bool(given.splits) and given.splits <= HELD_OUT and given.kind == "images"
    size = loader.facts.get("batch_size")
    return size is not None and size.number != 1
