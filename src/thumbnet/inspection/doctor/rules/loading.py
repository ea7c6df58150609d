"""What comes out of loaders: the order, and what is done to the pictures."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from thumbnet.inspection.doctor.flow import data
from thumbnet.inspection.doctor.flow.data import GLYPHS
from thumbnet.inspection.doctor.flow.drawing import DRAWN, PICKED
from thumbnet.inspection.doctor.flow.pictures import random_steps
from thumbnet.inspection.doctor.flow.trace import Event
from thumbnet.inspection.doctor.flow.values import TRAIN, Value, reachable
from thumbnet.inspection.doctor.rules.script import (
    HELD_OUT,
    Hit,
    Script,
    called_name,
    input_of,
    input_splits,
    loader_of,
    source_of,
)

_SHUFFLES = re.compile(r"shuffle|perm|sampler|randint|choice|sample|multinomial", re.IGNORECASE)
_FLIPS = ("HorizontalFlip", "VerticalFlip", "RandomFlip", "RandomRotate90", "Transpose", "D4")
_LARGEST_TURN_DEGREES = 45
_WHOLE_BATCH = 5000


# --- shuffle ----------------------------------------------------------------------------------


def no_shuffle(script: Script) -> Iterator[Hit]:
    """The training images come in the same order in every epoch."""
    stepped = {
        event.batch_loop.node for event in script.trace.of("optimizer-step") if event.batch_loop
    }
    for event in script.trace.of("backward"):
        loop, loader = event.batch_loop, loader_of(event)
        if loop is None or loader is None or loop.node not in stepped:
            continue
        if _is_unshuffled(loader):
            yield Hit("no-shuffle", loader.node)
    for event in script.trace.of("trainer-fit"):
        train = event.facts.get("train")
        if train is not None and train.kind == "loader" and _is_unshuffled(train):
            yield Hit("no-shuffle", train.node)
    for event in script.trace.of("method-return"):
        is_train = event.facts["name"] == "train_dataloader" and event.value.kind == "loader"
        if is_train and _is_unshuffled(event.value):
            yield Hit("no-shuffle", event.value.node)
    for event in script.trace.of("keras-fit"):
        yield from _unshuffled_fit(event)
    for event in script.trace.of("keras-predict"):
        loader = loader_of(event)
        if event.facts.get("in_training") and loader is not None and _is_plain_stream(loader):
            yield Hit("no-shuffle", loader.node or event.node)
    yield from _unshuffled_slices(script)


def _is_plain_stream(loader: Value) -> bool:
    """Whether batches of the training images come from TensorFlow as they were put in."""
    is_plain = loader.facts.get("is_tensorflow") and not loader.facts.get("is_shuffled")
    return bool(is_plain) and loader.splits == {TRAIN}


def _is_unshuffled(loader: Value) -> bool:
    facts = loader.facts
    if not facts.get("is_torch") or facts.get("is_open") or loader.splits - {TRAIN}:
        return False
    if not {"shuffle", "sampler", "batch_size"} <= facts.keys():
        return False
    shuffle, sampler, size = facts["shuffle"], facts["sampler"], facts["batch_size"]
    if sampler is not None and sampler.constant is not None:
        return False
    if shuffle is not None and shuffle.constant is not False:
        return False
    is_whole = size is not None and (size.kind == "count" or (size.number or 0) >= _WHOLE_BATCH)
    inner = data.root(loader)
    is_stream = inner is not None and bool(inner.facts.get("is_stream"))
    return not is_whole and not is_stream


def _unshuffled_fit(event: Event) -> Iterator[Hit]:
    shuffle = event.facts.get("shuffle")
    given = event.arguments[0] if event.arguments else Value()
    if shuffle is not None and shuffle.constant is False and given.kind != "loader":
        yield Hit("no-shuffle", event.node)
    is_generator = given.facts.get("is_shuffled") is False and "generator" in given.facts
    is_fixed = is_generator or _is_plain_stream(given)
    if given.kind == "loader" and given.splits == {TRAIN} and is_fixed:
        yield Hit("no-shuffle", given.node or event.node)


def _unshuffled_slices(script: Script) -> Iterator[Hit]:
    """Batches that are cut from the array by hand, always at the same places."""
    yield from _fixed_orders(script)
    if any(_may_shuffle_again(script, node) for node in ast.walk(script.tree)):
        return
    for event in [*script.trained_passes, *script.trace.of("backward")]:
        for given in _pictures_of(event):
            is_batch = event.batch_loop is not None or _is_counted(event, given)
            if given.facts.get("from_range") and given.splits == {TRAIN} and is_batch:
                yield Hit("no-shuffle", given.node or event.node)


def _may_shuffle_again(script: Script, node: ast.AST) -> bool:
    """Whether something is drawn here that may be drawn anew in every epoch."""
    is_draw = isinstance(node, ast.Call) and bool(_SHUFFLES.search(called_name(node)))
    return is_draw and script.is_repeated(node)


def _pictures_of(event: Event) -> list[Value]:
    """Return the pictures that a network, or the function of a gradient, is given."""
    values = [*event.arguments, event.value.facts.get("input")]
    return [value for value in values if value is not None and value.kind == "images"]


def _is_counted(event: Event, given: Value) -> bool:
    """Whether a batch is cut at a number that an inner loop counts."""
    counted = given.facts.get("counted")
    return counted is not None and any(loop.source is counted for loop in event.loops[1:])


def _fixed_orders(script: Script) -> Iterator[Hit]:
    """Batches by indices whose order was drawn once before all epochs, or never."""
    for event in [*script.trained_passes, *script.trace.of("backward")]:
        epochs = [
            loop
            for loop in event.loops[:-1]
            if loop.source.kind == "range" or isinstance(loop.node, ast.While)
        ]
        for given in _pictures_of(event):
            indices = given.facts.get("by_indices") or Value()
            drawn = indices.facts.get(DRAWN)
            if drawn is None or not indices.facts.get(PICKED) or given.splits - {TRAIN}:
                continue
            if epochs and not drawn & {loop.node for loop in event.loops}:
                yield Hit("no-shuffle", given.node or event.node)


# --- augmentation -----------------------------------------------------------------------------


def label_changing_augmentation(script: Script) -> Iterator[Hit]:
    """Digits or letters are mirrored or turned on their side."""
    if not script.families & GLYPHS:
        return
    only_glyphs = script.families <= GLYPHS
    attached = _attached_transforms(script)
    for event in script.trace.of("transform"):
        change = _change(event.value)
        families = attached.get(event.value.node, set())
        if change and ((families & GLYPHS) or (only_glyphs and not families)):
            yield Hit("label-changing-augmentation", event.node, change, _named(event.value))
    for event in script.trace.of("flip"):
        family = event.value.facts.get("family")
        is_glyph = family in GLYPHS - {"emnist"} or (family is None and only_glyphs)
        if is_glyph and event.value.splits <= {TRAIN} and (family or event.value.splits):
            details = {"transform": str(event.facts["name"])}
            yield Hit("label-changing-augmentation", event.node, "flip", details)
    for event in script.trace.of("generator"):
        change = _generator_change(event.value)
        if change and only_glyphs:
            yield Hit(
                "label-changing-augmentation",
                event.node,
                change,
                {"transform": "ImageDataGenerator"},
            )


def _named(transform: Value) -> dict[str, str]:
    return {"transform": transform.tail}


def _change(transform: Value) -> str:
    """Return how a random transform changes what a digit is: ``flip``, ``turn`` or not at all."""
    facts = transform.facts
    if facts.get("is_functional"):
        return ""
    if transform.tail == "aug_transforms" and facts.get("probability") != 0:
        return "flip"
    if transform.tail.endswith(_FLIPS) or transform.tail in ("Flip", "FlipItem", "Dihedral"):
        return "" if facts.get("probability") in (0, 1) else "flip"
    is_turn = facts.get("degrees", 0) > _LARGEST_TURN_DEGREES and facts.get("spread") != 0
    return "turn" if is_turn else ""


def _generator_change(generator: Value) -> str:
    keywords = generator.facts.get("keywords", {})
    for name in ("horizontal_flip", "vertical_flip"):
        if name in keywords and keywords[name].constant is True:
            return "flip"
    turn = keywords.get("rotation_range")
    return "turn" if turn is not None and (turn.number or 0) > _LARGEST_TURN_DEGREES else ""


def _attached_transforms(script: Script) -> dict[ast.AST | None, set[str]]:
    """Return for each random transform the families of data that it is applied to."""
    found: dict[ast.AST | None, set[str]] = {}
    for event in script.trace.of("loader"):
        inner = data.root(event.value)
        dataset = event.value.facts.get("dataset")
        family = inner.facts.get("family") if inner is not None else None
        for step in random_steps(data.transform_of(dataset)) if dataset is not None else []:
            found.setdefault(step.node, set()).update({family} if family else ())
    for event in script.trace.of("forward", "keras-predict"):
        for value in reachable(event.arguments):
            family = value.facts.get("family")
            for step in value.facts.get("random") or ():
                found.setdefault(step.node, set()).update({family} if family else ())
    return found


def augmented_evaluation(script: Script) -> Iterator[Hit]:
    """The test or validation images are changed at random."""
    for event in script.trace.of("loader"):
        loader = event.value
        dataset = loader.facts.get("dataset")
        splits = loader.splits | dataset.splits if dataset is not None else loader.splits
        if dataset is None or not splits or not splits <= HELD_OUT:
            continue
        steps = random_steps(data.transform_of(dataset))
        if steps and not _is_test_time(event):
            yield Hit("augmented-evaluation", dataset.node or loader.node, "", _named(steps[0]))
    for event in script.evaluations:
        given = input_of(event)
        steps = list(given.facts.get("random") or ())
        if steps and input_splits(event) <= HELD_OUT and not _is_test_time(event):
            yield Hit("augmented-evaluation", source_of(given, event), "", _named(steps[0]))
    for event in script.trace.of("flow"):
        is_held_out = bool(event.value.splits) and event.value.splits <= HELD_OUT
        if is_held_out and _augments(event.value.facts.get("generator", Value())):
            details = {"transform": "ImageDataGenerator"}
            yield Hit("augmented-evaluation", event.node, "", details)


def _is_test_time(event: Event) -> bool:
    return any("tta" in name.lower() or "augment" in name.lower() for name in event.functions)


_GENERATOR_CHANGES = (
    *("rotation_range", "width_shift_range", "height_shift_range", "shear_range", "zoom_range"),
    *("horizontal_flip", "vertical_flip", "brightness_range", "channel_shift_range"),
)


def _augments(generator: Value) -> bool:
    keywords = generator.facts.get("keywords", {})
    return any(
        name in keywords and keywords[name].constant not in (0, 0.0, False, None)
        for name in _GENERATOR_CHANGES
    )


# --- resizing ---------------------------------------------------------------------------------

# Pillow's numbers of its filters, which are still accepted.
_LARGEST_FILTER_NUMBER = 5


def resize_argument(script: Script) -> Iterator[Hit]:
    """The height's neighbour is taken for the way of interpolating."""
    for event in script.trace.of("transform"):
        transform = event.value
        if transform.name != "torchvision.transforms.Resize":
            continue
        arguments = transform.facts.get("arguments", [])
        given = transform.facts.get("keywords", {}).get("interpolation")
        if given is None and len(arguments) > 1:
            given = arguments[1]
        number = given.number if given is not None else None
        if number is None:
            continue
        if isinstance(number, float) or number > _LARGEST_FILTER_NUMBER or number < 0:
            size = arguments[0].number if arguments else None
            shown = int(size) if size is not None else 32
            yield Hit("resize-argument", event.node, "", {"size": shown, "given": str(number)})
