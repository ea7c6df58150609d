"""Data sets of torchvision, Keras, scikit-learn and others, loaders, and cuts into parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow import data
from thumbnet.inspection.doctor.flow.names import split_of
from thumbnet.inspection.doctor.flow.registry import function, method
from thumbnet.inspection.doctor.flow.values import TEST, TRAIN, Value, constant, unknown

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

_FOLDERS = ("ImageFolder", "DatasetFolder", "image_dataset_from_directory", "flow_from_directory")
# Where the transform stands by position.
_TRANSFORM_POSITION = {"SVHN": 2, "STL10": 3, "EMNIST": 3, "ImageFolder": 1}


def by_family(_interpreter: Interpreter, made: Call) -> Value | None:
    """Handle every data set of torchvision and keras."""
    if made.name.startswith("torchvision.datasets."):
        return _of_torchvision(made)
    if made.name.startswith("keras.datasets.") and made.tail == "load_data":
        return _of_keras(made)
    if made.tail in _FOLDERS:
        return _folder(made)
    if made.tail in ("load_dataset", "load") and made.name.startswith(
        ("datasets.", "tensorflow_d")
    ):
        return _by_text(made)
    return None


def _of_torchvision(made: Call) -> Value:
    if made.tail in _FOLDERS:
        return _folder(made)
    family, size_px, colours = data.KNOWN.get(made.tail.lower(), (None, None, True))
    splits = _split_argument(made)
    transform = made.get("transform", _TRANSFORM_POSITION.get(made.tail, 2))
    facts: dict[str, Any] = {
        "source": "library",
        "family": family,
        "size_px": size_px,
        "colours": colours,
        "key": (made.tail, _word(made.get("split")), tuple(sorted(splits))),
        "is_whole": True,
    }
    if transform is not None:
        facts["transform"] = transform
    facts["is_open"] = made.is_open
    return Value("dataset", name=made.name, splits=splits, facts=facts, node=made.node)


def _split_argument(made: Call) -> frozenset[str]:
    position = 2 if made.tail == "EMNIST" else 1
    given = made.get("train", position)
    if given is not None and isinstance(given.constant, bool):
        return frozenset((TRAIN if given.constant else TEST,))
    text = made.get("split", 1)
    if text is not None and text.text is not None and made.tail != "EMNIST":
        found = {"extra": TRAIN, "unlabeled": TRAIN}.get(text.text) or split_of(text.text)
        return frozenset((found,)) if found else frozenset()
    if given is None and not made.is_open and text is None:
        return frozenset((TRAIN,)) if data.KNOWN.get(made.tail.lower()) else frozenset()
    return frozenset()


def _word(value: Value | None) -> str:
    return (value.text or "") if value is not None else ""


def _folder(made: Call) -> Value:
    place = made.get("root", 0) or made.get("directory", 0) or Value()
    words = place.text or str(place.facts.get("words", ""))
    last = [part for part in words.replace("\\", "/").split("/") if part]
    split = next((found for part in reversed(last) if (found := split_of(part))), None)
    subset = made.get("subset")
    if subset is not None and subset.text in ("training", "validation"):
        split = split_of(subset.text)
    family = data.family_in(words)
    facts: dict[str, Any] = {
        "source": "library",
        "family": family,
        "size_px": None,
        "colours": True,
        "key": (made.tail, words, ()) if words else None,
        "is_whole": True,
    }
    transform = made.get("transform", 1)
    if transform is not None and made.tail in ("ImageFolder", "DatasetFolder"):
        facts["transform"] = transform
    kind = "dataset" if made.tail in ("ImageFolder", "DatasetFolder") else "loader"
    splits = frozenset((split,)) if split else frozenset()
    if kind == "loader":
        shuffle = made.keywords.get("shuffle")
        is_shuffled = shuffle is None or shuffle.constant is not False
        facts = {"is_tensorflow": True, "is_shuffled": is_shuffled}
    return Value(kind, name=made.name, splits=splits, facts=facts, node=made.node)


def _pair(family: tuple[str, int, bool] | None, split: str | None, node: Any) -> Value:
    name, size_px, colours = family or (None, None, False)
    splits = frozenset((split,)) if split else frozenset()
    base = object()
    images = data.raw_images(name, size_px, colours, base=base, is_whole=True)
    labels = Value("labels", facts={"base": base})
    images.splits = labels.splits = splits
    images.node = labels.node = node
    return Value("tuple", items=[images, labels])


def _of_keras(made: Call) -> Value:
    family = data.family_of(made.name.split(".")[-2])
    return Value("tuple", items=[_pair(family, split, made.node) for split in (TRAIN, TEST)])


def _by_text(made: Call) -> Value:
    """Handle ``load_dataset("mnist", split="train")`` of datasets and tensorflow_datasets."""
    name = made.first().text or ""
    family = data.family_of(name)
    where = made.get("split")
    known = dict(zip(("family", "size_px", "colours"), family or (None, None, False), strict=True))
    facts = {"source": "library", **known}
    if where is not None and where.items is not None:
        parts = [_named_part(each, facts, made) for each in where.items]
        whole = Value("list", items=parts)
        return Value("tuple", items=[whole, Value()]) if "with_info" in made.keywords else whole
    part = _named_part(where or Value(), facts, made)
    return Value("tuple", items=[part, Value()]) if "with_info" in made.keywords else part


def _named_part(where: Value, facts: dict[str, Any], made: Call) -> Value:
    text = where.text or ""
    split = split_of(text.split("[")[0])
    splits = frozenset((split,)) if split else frozenset()
    is_part = "[" in text
    return Value(
        "dataset",
        name=made.name,
        splits=splits,
        facts={**facts, "is_part": is_part, "is_stream": True},
        node=made.node,
    )


@function("sklearn.datasets.load_digits", "sklearn.datasets.fetch_openml")
def _of_sklearn(_interpreter: Interpreter, made: Call) -> Value:
    name = made.first().text or made.tail
    family = ("mnist", 8, False) if made.tail == "load_digits" else data.family_of(name)
    pair = _pair(family, None, made.node)
    assert pair.items is not None
    images, labels = pair.items
    wants_pair = made.keywords.get("return_X_y")
    if wants_pair is not None and wants_pair.constant is True:
        return pair
    return Value(
        "bunch",
        attributes={"data": images, "images": images, "target": labels},
        fields={"data": images, "target": labels},
    )


@function("sklearn.model_selection.train_test_split")
def _train_test_split(interpreter: Interpreter, made: Call) -> Value:
    interpreter.note("split", made.node, Value(), *made.arguments)
    parts: list[Value] = []
    cut = object()
    for value in made.arguments:
        if value.kind == "dataset" or value.kind in ("images", "labels"):
            kept = value
        else:
            kept = unknown(value, facts=dict(value.facts))
        for place in (TRAIN, TEST):
            facts = {"is_part": True, "cut": cut, "place": place, "is_whole": False}
            facts |= {"slice": None, "sliced_from": None, "made_of": None, "cut_from": value}
            parts.append(kept.copy(facts=facts, node=made.node))
    return Value("tuple", items=parts)


@function("thumbnet.load_dataset", "thumbnet.datasets.loading.load_dataset")
def _of_thumbnet(_interpreter: Interpreter, made: Call) -> Value:
    family = data.family_of(made.first().text or "")
    split = made.get("split", 1)
    found = split_of(split.text) if split is not None and split.text else None
    pair = _pair(family, found, made.node)
    assert pair.items is not None
    return Value("bunch", attributes={"images": pair.items[0], "labels": pair.items[1]})


@function("torch.utils.data.DataLoader")
def _loader(interpreter: Interpreter, made: Call) -> Value:
    dataset = made.get("dataset", 0)
    facts: dict[str, Any] = {
        "dataset": dataset,
        "shuffle": made.get("shuffle", 2),
        "sampler": made.get("sampler", 3) or made.get("batch_sampler", 4),
        "batch_size": made.get("batch_size", 1),
        "is_open": made.is_open,
        "is_torch": True,
    }
    splits = dataset.splits if dataset is not None else frozenset()
    loader = Value("loader", name=made.name, splits=splits, facts=facts, node=made.node)
    interpreter.note("loader", made.node, loader)
    return loader


@function("torch.utils.data.random_split")
def _random_split(interpreter: Interpreter, made: Call) -> Value:
    dataset = made.get("dataset", 0) or Value()
    interpreter.note("split", made.node, dataset, dataset, is_random=True)
    lengths = made.get("lengths", 1)
    count = len(lengths.items) if lengths is not None and lengths.items is not None else 2
    was_test = TEST in dataset.splits
    cut = interpreter.note("random-split", made.node, dataset, generator=made.get("generator", 2))
    parts = [
        Value(
            "dataset",
            splits=frozenset() if was_test or not dataset.splits else dataset.splits,
            facts={
                "source": "part",
                "dataset": dataset,
                "is_part": True,
                "cut": cut,
                "place": place,
                "is_part_of_test": was_test,
                **_description(dataset),
            },
            node=made.node,
        )
        for place in range(count)
    ]
    return Value("tuple", items=parts)


def _description(dataset: Value) -> dict[str, Any]:
    return {key: dataset.facts.get(key) for key in ("family", "size_px", "colours")}


@function("torch.utils.data.Subset")
def _subset(_interpreter: Interpreter, made: Call) -> Value:
    dataset, indices = made.get("dataset", 0) or Value(), made.get("indices", 1) or Value()
    was_test = TEST in dataset.splits
    return Value(
        "dataset",
        splits=frozenset() if was_test else dataset.splits,
        facts={
            "source": "part",
            "dataset": dataset,
            "is_part": True,
            "indices": indices,
            **_description(dataset),
        },
        node=made.node,
    )


@function("torch.utils.data.TensorDataset")
def _tensors(_interpreter: Interpreter, made: Call) -> Value:
    splits = frozenset().union(*(value.splits for value in made.arguments))
    images = next((value for value in made.arguments if value.kind == "images"), Value())
    description = {key: images.facts.get(key) for key in ("family", "size_px", "copies")}
    facts = {"source": "tensors", "tensors": list(made.arguments), **description}
    return Value("dataset", splits=splits, facts=facts, node=made.node)


@function("torch.utils.data.ConcatDataset")
def _concat(_interpreter: Interpreter, made: Call) -> Value:
    return joined_datasets(made.first().items or [made.first()], made.node)


def joined_datasets(datasets: list[Value], node: Any) -> Value:
    """Return several data sets as one; the same pictures twice are remembered as copies."""
    splits = frozenset().union(*(each.splits for each in datasets))
    keys = [identity(each) for each in datasets if each.facts.get("source") != "part"]
    copies = len([key for key in keys if key is not None]) > len({*keys} - {None})
    families = {each.facts.get("family") for each in datasets}
    facts = {
        "source": "joined",
        "datasets": datasets,
        "copies": copies,
        "family": families.pop() if len(families) == 1 else None,
    }
    return Value("dataset", splits=splits, facts=facts, node=node)


def identity(dataset: Value | None) -> Any:
    """Return what two data sets have in common if they hold the same pictures, or None."""
    if dataset is None:
        return None
    inner = data.root(dataset)
    assert inner is not None
    if inner.facts.get("source") == "tensors":
        return next((t.facts["base"] for t in inner.facts["tensors"] if "base" in t.facts), inner)
    return inner.facts.get("key") or inner


@method("dataset", "__add__")
def _add(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    return joined_datasets([made.owner, made.first()], made.node)


@method("dataset", "__getitem__")
def _getitem(interpreter: Interpreter, made: Call) -> Value:
    return data.sample(interpreter, made.owner or Value())


@method("dataset loader", "shuffle")
def _shuffled(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    return made.owner.copy(facts={"is_shuffled": True})


@method("dataset loader", "map", "with_transform", "set_transform")
def _mapped(interpreter: Interpreter, made: Call) -> Value:
    from thumbnet.inspection.doctor.flow.calls import call_value

    assert made.owner is not None
    chosen = made.first()
    if chosen.kind == "function":
        pair = data.sample(interpreter, made.owner)
        call_value(interpreter, chosen, pair.items or [pair], made.node)
    return made.owner.copy(facts={"is_mapped": True, "source": None})


@method("dataset loader", "batch", "prefetch", "cache", "repeat", "with_options", "take", "skip")
def _chained(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    kind = "loader" if made.name == "batch" else made.owner.kind
    facts: dict[str, Any] = {"is_tensorflow": True}
    if kind == "loader" and made.owner.kind == "dataset":
        facts["dataset"] = made.owner
    if made.name in ("take", "skip"):
        facts["is_part"] = True
    return made.owner.copy(kind=kind, facts=facts, node=made.node)


@function("tensorflow.data.Dataset.from_tensor_slices")
def _from_tensor_slices(interpreter: Interpreter, made: Call) -> Value:
    given = made.first()
    values = given.items or [given]
    inner = made.__class__(made.node, made.name, None, list(values))
    dataset = _tensors(interpreter, inner)
    dataset.facts["is_tensorflow"] = True
    return dataset


@method("dataset", "train_test_split")
def _hugging_face_split(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    fields = {
        place: made.owner.copy(splits=frozenset((place,)), facts={"is_part": True})
        for place in (TRAIN, TEST)
    }
    return Value("dict", fields=fields)


@method("bunch", "get")
def _bunch(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    return (made.owner.fields or {}).get(made.first().constant, constant(None))
