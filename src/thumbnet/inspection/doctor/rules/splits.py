"""What crosses from the test set into training: statistics, copies, the same images."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import product
from typing import Any

from thumbnet.inspection.doctor.flow import data
from thumbnet.inspection.doctor.flow.library_datasets import identity
from thumbnet.inspection.doctor.flow.names import split_of
from thumbnet.inspection.doctor.flow.trace import Event
from thumbnet.inspection.doctor.flow.values import TEST, TRAIN, Value, reachable
from thumbnet.inspection.doctor.rules.script import (
    HELD_OUT,
    Hit,
    Script,
    input_of,
    loader_of,
    same_network,
)

_FITTED = ("scaler", "generator")
_USES = ("estimator-test", "keras-predict", "keras-fit", "forward", "fit")


def test_statistics(script: Script) -> Iterator[Hit]:
    """A mean, a scaler or a projection is computed from test images."""
    for event in script.trace.of("fit"):
        given = event.arguments[0] if event.arguments else Value()
        if event.value.kind in _FITTED and TEST in given.splits:
            form = "both" if TRAIN in given.splits else ""
            yield Hit("test-statistics", event.node, form, {"what": event.value.tail})
    for event in script.trace.of("normalise"):
        statistic = event.arguments[0]
        if TEST in statistic.splits:
            form = "both" if TRAIN in statistic.splits else ""
            node = statistic.node or event.node
            yield Hit("test-statistics", node, form, {"what": statistic.name})
    for event in script.trace.of("transform"):
        if event.value.tail != "Normalize":
            continue
        for value in reachable(event.arguments):
            if value.kind.endswith("statistic") and TEST in value.splits:
                form = "both" if TRAIN in value.splits else ""
                node = value.node or event.node
                yield Hit("test-statistics", node, form, {"what": value.name})
    yield from _fitted_before_split(script)


def _fitted_before_split(script: Script) -> Iterator[Hit]:
    """A scaler, projection or mean is fitted before the test images are cut off."""
    for event in script.trace.of("split"):
        for value in event.arguments:
            fitted = value.facts.get("fitted_before")
            if fitted is not None:
                yield Hit("test-statistics", fitted, "before")
    for event in script.trace.of(*_USES):
        for value in reachable(event.arguments):
            fitted = value.facts.get("fitted_before")
            if fitted is not None and TEST in value.splits:
                yield Hit("test-statistics", fitted, "before")


def duplicates_across_splits(script: Script) -> Iterator[Hit]:
    """The same images, or copies of them, are trained on and tested with."""
    for event in script.trace.of("split"):
        for value in event.arguments:
            if _has_copies(value):
                yield Hit("duplicates-across-splits", event.node, "copies")
    yield from _copies_in_parts(script)
    loaders = [event.value for event in script.trace.of("loader")]
    trained = _trained_with(script) or [each for each in loaders if _called(each) == TRAIN]
    held_out = [loader for loader in loaders if _called(loader) in HELD_OUT]
    for train, other in product(trained, held_out):
        if train is not other and _overlap(script, train, other):
            yield Hit("duplicates-across-splits", other.node, "same")
    yield from _overlapping_arrays(script)


def _copies_in_parts(script: Script) -> Iterator[Hit]:
    """Lists and arrays with copies that are cut in two, or into folds."""
    cuts = script.trace.of("cut")
    for one, two in product(cuts, cuts):
        end, start = one.facts["ends"][1], two.facts["ends"][0]
        is_cut_there = one.value is two.value and bool(end) and end == start
        # A grid of pictures is cut in two as well; the names say what the parts are for.
        if is_cut_there and (_is_for_a_split(script, one) or _is_for_a_split(script, two)):
            yield Hit("duplicates-across-splits", one.node, "copies")
    for event in script.trace.of("fold"):
        if any(value.facts.get("copies") for value in event.arguments):
            yield Hit("duplicates-across-splits", event.node, "copies")
    for event in script.trace.of("keras-fit"):
        share = event.facts["call"].keywords.get("validation_split")
        if share is not None and any(value.facts.get("copies") for value in event.arguments):
            yield Hit("duplicates-across-splits", event.node, "copies")


def _is_for_a_split(script: Script, event: Event) -> bool:
    """Whether a statement gives a part of the data a name such as ``test_files``."""
    place: ast.AST | None = event.node
    while place is not None and not isinstance(place, ast.stmt):
        place = script.parents.get(place)
    targets = place.targets if isinstance(place, ast.Assign) else []
    names = [part for target in targets for part in ast.walk(target)]
    return any(isinstance(name, ast.Name) and split_of(name.id) for name in names)


def _trained_with(script: Script) -> list[Value]:
    """Return the loaders whose batches gradients were taken of."""
    found = [loader_of(event) for event in script.trace.of("backward")]
    found += [event.facts.get("train") for event in script.trace.of("trainer-fit")]
    return [loader for loader in dict.fromkeys(found) if loader is not None]


def _has_copies(value: Value) -> bool:
    inner = data.root(value) if value.kind == "dataset" else value
    return bool(value.facts.get("copies") or (inner is not None and inner.facts.get("copies")))


def _called(loader: Value) -> str | None:
    """Return the split that the script's own name for a loader or its data set says."""
    dataset = loader.facts.get("dataset")
    for value in (loader, dataset):
        if value is not None and value.facts.get("called"):
            return str(value.facts["called"])
    if len(loader.splits) == 1:
        return next(iter(loader.splits))
    return None


def _overlap(script: Script, train: Value, other: Value) -> bool:
    first, second = train.facts.get("dataset"), other.facts.get("dataset")
    if first is None or second is None or _has_sampler(train) or _has_sampler(other):
        return False
    if _data_overlap(first, second):
        return True
    pieces = [_pieces(first), _pieces(second)]
    is_joined = len(pieces[0]) + len(pieces[1]) > 2
    # Whoever trains on everything at last may do so, if nothing is measured after it.
    return (
        is_joined
        and any(_data_overlap(one, two) for one, two in product(*pieces))
        and _is_asked_later(script, train, other)
    )


def _pieces(dataset: Value, depth: int = 4) -> list[Value]:
    """Return the data sets that a joined one is made of, or the one itself."""
    if dataset.facts.get("source") != "joined" or not depth:
        return [dataset]
    return [piece for each in dataset.facts["datasets"] for piece in _pieces(each, depth - 1)]


def _is_asked_later(script: Script, train: Value, other: Value) -> bool:
    """Whether a network sees one loader's batches after gradients of another's were taken."""
    is_trained = False
    for event in script.trace.of("backward", "trainer-fit", "forward", "trainer-test"):
        if event.kind == "backward":
            is_trained = is_trained or loader_of(event) is train
        elif event.kind == "forward":
            if is_trained and input_of(event).facts.get("loader") is other:
                return True
        else:
            is_trained = is_trained or event.facts.get("train") is train
            given = [event.facts.get("validation"), event.facts.get("train")]
            if is_trained and any(value is other for value in given):
                return True
    return False


def _data_overlap(first: Value, second: Value) -> bool:
    if identity(first) != identity(second):
        return False
    if "part" not in (first.facts.get("source"), second.facts.get("source")):
        return True
    if first is second:
        return True
    cuts = [each.facts.get("cut") for each in (first, second)]
    if all(cut is not None for cut in cuts):
        return _cuts_overlap(first, second)
    ranges = [_range_of(each) for each in (first, second)]
    if None in cuts and cuts != [None, None]:
        return False
    return ranges_overlap(ranges[0], ranges[1])


def _has_sampler(loader: Value) -> bool:
    sampler = loader.facts.get("sampler")
    return sampler is not None and sampler.constant is not None


def _cuts_overlap(first: Value, second: Value) -> bool:
    """Whether two parts are of different random cuts, which share images unless both are seeded."""
    one, two = first.facts["cut"], second.facts["cut"]
    if one is two:
        return bool(first.facts["place"] == second.facts["place"])
    if one.node is two.node:
        return False
    return not (one.facts.get("generator") and two.facts.get("generator"))


def _range_of(dataset: Value) -> tuple[Any, float, float] | None:
    """Return the indices of a part as what they are counted in, and their bounds."""
    if dataset.facts.get("source") != "part":
        return None, 0, float("inf")
    indices = dataset.facts.get("indices")
    if indices is None:
        return None
    if indices.kind == "range" and indices.facts.get("ends") and not indices.facts["has_step"]:
        low, high = indices.facts["ends"]
        return "range", low, high
    bounds = indices.facts.get("slice")
    if bounds is None:
        return None
    return indices.facts.get("sliced_from"), *bounds


def ranges_overlap(
    first: tuple[Any, float, float] | None, second: tuple[Any, float, float] | None
) -> bool:
    """Whether two ranges are known, of the same list, and have an index in common."""
    if first is None or second is None:
        return False
    is_same_list = (
        first[0] is second[0] or None in (first[0], second[0]) or (first[0] == second[0] == "range")
    )
    return is_same_list and max(first[1], second[1]) < min(first[2], second[2])


def _overlapping_arrays(script: Script) -> Iterator[Hit]:
    """Slices of one array, one of which is trained on and the other tested with."""
    yield from _tested_with_all(script)
    trained: list[Value] = []
    tested: list[Value] = []
    for event in script.trace.of("keras-fit", "fit"):
        trained += [value for value in event.arguments if value.kind == "images"]
        validation = event.facts.get("validation")
        if validation is not None:
            tested += [v for v in reachable([validation]) if v.kind == "images"]
    trained += [input_of(event) for event in script.trained_passes]
    for event in script.trace.of("estimator-test", "keras-predict"):
        tested += [value for value in event.arguments if value.kind == "images"]
    tested += [input_of(event) for event in script.evaluations]
    for train, test in product(trained, tested):
        one, two = _slice_of(train), _slice_of(test)
        if test.splits <= HELD_OUT and test.splits and one and two and ranges_overlap(one, two):
            yield Hit("duplicates-across-splits", test.node, "same")


def _slice_of(value: Value) -> tuple[Any, float, float] | None:
    bounds = value.facts.get("slice")
    if bounds is None:
        return None
    return value.facts.get("sliced_from"), *bounds


def _tested_with_all(script: Script) -> Iterator[Hit]:
    """Something is trained with an array, and tested then with a part of that same array."""
    trained: dict[object, list[Value]] = {}
    passes: list[Event] = []
    fits = ("fit", "keras-fit", "backward")
    for event in script.trace.of(*fits, "estimator-test", "keras-predict", "forward"):
        key = event.value
        given = [value for value in event.arguments[:1] if value.kind == "images"]
        if event.kind == "backward":
            passes += event.value.passes
        elif event.kind in fits and event.value.kind != "scaler":
            trained[key] = given  # what was learned before is forgotten
        for test in given if event.kind not in fits else ():
            learned = [
                *trained.get(key, ()),
                *(input_of(each) for each in passes if same_network(each.value, key)),
            ]
            if any(_is_of_whole(test, train) for train in learned):
                yield Hit("duplicates-across-splits", test.node or event.node, "same")


def _is_of_whole(test: Value, train: Value) -> bool:
    if train.kind != "images" or not test.splits or not test.splits <= HELD_OUT:
        return False
    pieces = [piece for piece in train.facts.get("made_of") or () if piece.splits == test.splits]
    if test.splits == {TEST} and any(not piece.facts.get("is_slice") for piece in pieces):
        return True
    base, facts = test.facts.get("base"), train.facts
    is_whole = not any(facts.get(name) for name in ("cut", "is_part", "is_slice", "is_of_part"))
    is_cut = test.facts.get("cut") is not None
    return is_cut and is_whole and base is not None and base is facts.get("base")
