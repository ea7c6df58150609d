"""What a name says: the library's name behind an alias, the part of the data, the kind of thing."""

from __future__ import annotations

import re

from thumbnet.inspection.doctor.flow.values import TEST, TRAIN, VALIDATION, Value

# The same thing under several names, so that handlers know one.
_SAME = (
    ("tensorflow.keras.", "keras."),
    ("tensorflow.python.keras.", "keras."),
    ("tf_keras.", "keras."),
    ("keras.src.", "keras."),
    ("keras.api.", "keras."),
    ("torchvision.transforms.v2.functional.", "torchvision.transforms.functional."),
    ("torchvision.transforms.v2.", "torchvision.transforms."),
    ("torchvision.transforms.transforms.", "torchvision.transforms."),
    ("torchvision.datasets.mnist.", "torchvision.datasets."),
    ("torchvision.models.resnet.", "torchvision.models."),
    ("torch.utils.data.dataloader.", "torch.utils.data."),
    ("torch.utils.data.dataset.", "torch.utils.data."),
    ("torch.special.", "torch."),
    ("pytorch_lightning.", "lightning."),
    ("lightning.pytorch.", "lightning."),
    ("numpy.core.", "numpy."),
)

_TRAIN_WORDS = frozenset(("train", "training", "tr", "trn"))
_TEST_WORDS = frozenset(("test", "testing", "te", "tst"))
_VALIDATION_WORDS = frozenset(
    ("val", "valid", "validation", "dev", "holdout", "vali", "va", "validate", "valset")
)
_METRIC_WORDS = frozenset(
    ("acc", "accuracy", "loss", "score", "error", "err", "f1", "auc", "metric", "correct", "top1")
)
_DATA_WORDS = frozenset(
    (
        *("data", "set", "images", "labels", "x", "y", "features", "targets", "df", "samples"),
        *("dataset", "imgs", "inputs", "examples", "digits", "pictures", "arrays", "dir", "path"),
    )
)
_KINDS: tuple[tuple[str, str], ...] = (
    ("loader", r"(^|_)(\w*loaders?|\w*dataloaders?|dl|\w+_dl|\w*_iter)$"),
    ("dataset", r"(^|_)(dataset|ds|trainset|testset|valset|\w+_(set|ds|dataset))$"),
    ("optimizer", r"(^|_)(optimizer|optimiser|optim|opt)(_?[a-z]|\d)?$"),
    ("scheduler", r"(^|_)(scheduler|lr_scheduler|sched|lr_sched)\d?$"),
    ("loss-function", r"(^|_)(criterion|loss_fn|loss_func|loss_function|lossfn|crit|loss_f)$"),
    ("model", r"^(model|net|network|classifier|cnn|mlp|resnet|model_\w+|\w+_model|\w+_net)$"),
)
_IMAGES = re.compile(r"^(images?|imgs?|inputs?|x|xb|xs|batch_x|x_batch|x_\w+|imgs_\w+|pixels)$")
_LABELS = re.compile(r"^(labels?|targets?|y|yb|ys|batch_y|y_batch|y_\w+|target_\w+)$")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def canonical(name: str) -> str:
    """Return the one name that the handlers know a library's function by."""
    for start, replacement in _SAME:
        if name.startswith(start):
            return replacement + name.removeprefix(start)
    return name


def words_of(name: str) -> list[str]:
    """Return the words of ``a_name`` or ``aName`` in lower case."""
    return [word.lower() for word in _WORDS.findall(name)]


def split_of(name: str) -> str | None:
    """Return the part of the data that a name says, such as ``test`` for ``test_loader``."""
    words = set(words_of(name))
    glued = re.match(r"(train|test|val|valid)(set|loader|data|ds|dl)s?$", name.lower())
    short = re.match(r"[xy]_?(train|test|val|tr|te|va)s?$", name.lower())
    for match in (glued, short):
        words.update((match.group(1),) if match else ())
    found = [
        split
        for split, known in (
            (TRAIN, _TRAIN_WORDS),
            (TEST, _TEST_WORDS),
            (VALIDATION, _VALIDATION_WORDS),
        )
        if words & known
    ]
    return found[0] if len(found) == 1 else None


def kind_of(name: str) -> str | None:
    """Return the kind of thing that a variable's name says, or None."""
    lower = name.lower()
    for kind, pattern in _KINDS:
        if re.search(pattern, lower):
            return kind
    if _IMAGES.match(lower):
        return "images"
    if _LABELS.match(lower):
        return "labels"
    return None


_DATA_KINDS = ("dataset", "loader", "images", "labels", "unknown", "tuple")


def named(name: str, value: Value) -> Value:
    """Return ``value`` as it is once it is called ``name``.

    A name is believed where nothing better is known: for what an unknown function returned, and for
    the parts that a data set was cut into.
    """
    split = split_of(name)
    kind = kind_of(name)
    is_part = bool(value.facts.get("is_part"))
    if value.kind == "unknown" and not value.is_constant:
        if kind in ("images", "labels") and not _is_data_like(value):
            kind = None
        if split and kind is None and set(words_of(name)) & _METRIC_WORDS:
            kind = "loss" if "loss" in words_of(name) else "score"
        is_data = bool(set(words_of(name)) & _DATA_WORDS)
        if kind is not None or (split and is_data and not value.splits):
            splits = value.splits or (frozenset((split,)) if split else frozenset())
            return value.copy(kind=kind or "unknown", splits=splits, facts={"by_name": True})
        if words_of(name)[-1:] in (["loss"], ["losses"]):
            return value.copy(kind="loss", facts={"by_name": True})
        return value
    if split and value.kind in _DATA_KINDS and (is_part or not value.splits):
        value.splits = frozenset((split,))
        value.facts["is_part"] = False
        value.facts["called"] = split
    elif split and value.kind in ("dataset", "loader"):
        value.facts.setdefault("called", split)
    return value


def _is_data_like(value: Value) -> bool:
    """Whether an unknown value may be pictures: it comes from data, or from nowhere known."""
    return bool(value.splits) or not value.passes
