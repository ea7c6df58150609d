"""Which file of a person's folder is an image of which class and split, from the names alone.

Layout A is ``train/<class>/…`` with ``test/<class>/…``; layout B is ``<class>/…`` alone, from which
a test split is cut. Images may lie in further folders below their class.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from thumbnet.errors import DataError
from thumbnet.images import IMAGE_SUFFIXES, natural_key

LAYOUT_VERSION = 1
SPLITS = ("train", "test")
TEST_SPLIT_SEED = "thumbnet test split 1"

_LAYOUTS = "train/<class>/… and test/<class>/…, or <class>/… alone, with images in each class"
_SYSTEM_NAMES = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_VALIDATION_NAMES = frozenset({"val", "valid", "validation"})

# Class name -> the files of its images; their names below the class folder give the order.
_Classes = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Layout:
    """The images of a folder, in the order of the data set.

    Attributes:
        class_names: every class, in natural order.
        images: for ``"train"`` and ``"test"``, the ``(file, label)`` of each image, by class and
            then in natural order of the name.
        notes: what the user should know, one line each.
    """

    class_names: tuple[str, ...]
    images: dict[str, list[tuple[str, int]]]
    notes: tuple[str, ...]


def arrange(
    files: Collection[str],
    folders: Collection[str],
    *,
    title: str,
    strip_any_top: bool,
    unusable: Collection[str] = (),
) -> Layout:
    """Find the layout of a folder, its classes and the images of both splits.

    Args:
        files: names relative to the folder, with ``/`` between their parts.
        folders: likewise; a folder that holds a file need not be named.
        title: what messages call the folder.
        strip_any_top: whether a single folder around everything is always taken off, as in archives
            (otherwise only when it holds ``train/`` and ``test/``).
        unusable: image files that shall not count, because they cannot be decoded.

    Raises:
        DataError: no image, no layout, fewer than two classes, or a class with too few images.
    """
    seen = [name for name in files if not _is_hidden(name)]
    images = [name for name in seen if _suffix(name) in IMAGE_SUFFIXES]
    notes = []
    if len(images) < len(seen):
        notes.append(f"'{title}': ignored {len(seen) - len(images)} files that are not images")
    if not images:
        raise DataError(
            f"'{title}' has no image", got=f"{len(seen)} other files", expected=_LAYOUTS
        )
    below = {name for name in folders if not _is_hidden(name)}
    below.update(_parents(seen))
    top = _top_to_strip(images, below, strip_any_top)
    below = {name.removeprefix(top) for name in below if name.startswith(top)}
    left_out = set(unusable)
    usable = {name.removeprefix(top): name for name in images if name not in left_out}

    split_folders = _split_folders(usable, below, title)
    if split_folders:
        train = _classes(usable, below, split_folders["train"] + "/")
        test = _classes(usable, below, split_folders["test"] + "/")
        notes += _ignored_tops(below, set(split_folders.values()), title)
        placed = {"train": train, "test": test}
    else:
        placed = _cut_test(_classes(usable, below, ""), title)
    num_loose = sum(name.count("/") <= bool(split_folders) for name in usable)
    if num_loose:
        notes.append(f"'{title}': ignored {num_loose} images that lie in no class folder")
    return _checked(placed, notes, title)


def _is_hidden(name: str) -> bool:
    return any(part[0] == "." or part.casefold() in _SYSTEM_NAMES for part in name.split("/"))


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2].lower()


def _parents(files: list[str]) -> set[str]:
    parents = {name.rpartition("/")[0] for name in files}
    for parent in list(parents):
        while parent := parent.rpartition("/")[0]:
            parents.add(parent)
    return parents - {""}


def _top_to_strip(images: list[str], folders: set[str], strip_any: bool) -> str:
    tops = {name.split("/")[0] for name in folders}
    if len(tops) != 1 or not all("/" in name for name in images):
        return ""
    (top,) = tops
    inner = {name.split("/")[1].casefold() for name in folders if "/" in name}
    has_both = inner.issuperset(SPLITS)
    # A lone train/ is a split whose other half is missing, never a wrapping.
    has_classes = bool(inner) and top.casefold() not in SPLITS
    return f"{top}/" if has_both or (strip_any and has_classes) else ""


def _split_folders(images: Collection[str], folders: set[str], title: str) -> dict[str, str]:
    """Return the folder of each split in layout A, and nothing in layout B."""
    tops = {name for name in folders if "/" not in name}
    found = {top.casefold(): top for top in sorted(tops) if top.casefold() in SPLITS}
    if len(found) != 1:
        return found
    ((split, top),) = found.items()
    others = {name.casefold() for name in tops} - {split}
    is_nested = any(name.startswith(f"{top}/") and name.count("/") > 1 for name in images)
    # A class may be called "train", beside "bus"; then its images lie directly in its folder.
    if split == "train" and others - _VALIDATION_NAMES and not is_nested:
        return {}
    missing = "test" if split == "train" else "train"
    raise DataError(
        f"'{title}' has {top}/ without {missing}/",
        got=", ".join(f"{name}/" for name in sorted(tops, key=natural_key)),
        expected=f"{_LAYOUTS}; only train/ and test/ are read as splits",
        fix=f"add {missing}/, or give a folder of the class folders to have a test split cut",
    )


def _classes(images: dict[str, str], folders: set[str], prefix: str) -> _Classes:
    depth = prefix.count("/")
    names = {
        name.removeprefix(prefix)
        for name in folders
        if name.startswith(prefix) and name.count("/") == depth
    }
    classes: _Classes = {name: {} for name in sorted(names, key=natural_key)}
    for name in sorted((n for n in images if n.startswith(prefix)), key=natural_key):
        class_name, slash, rest = name.removeprefix(prefix).partition("/")
        if slash:
            classes[class_name][rest] = images[name]
    return classes


def _cut_test(classes: _Classes, title: str) -> dict[str, _Classes]:
    """Cut 20 % of each class, rounded and at least one, for the test split.

    Those images are taken whose ``TEST_SPLIT_SEED/class/name`` has the smallest SHA-256: it depends
    on nothing else, least of all on a training seed, so a test image is never trained on.
    """
    alone = [name for name, images in classes.items() if len(images) == 1]
    if alone:
        raise DataError(
            f"'{title}' has classes of a single image",
            got=_few(alone),
            expected="at least 2 images of each class: one to train on, one to test with",
            fix="add images, or remove the class",
        )
    placed: dict[str, _Classes] = {"train": {}, "test": {}}
    for class_name, images in classes.items():
        num_test = max(1, round(len(images) / 5))
        draws = sorted((_draw(f"{class_name}/{name}"), name) for name in images)
        chosen = {name for _, name in draws[:num_test]}
        placed["test"][class_name] = {n: file for n, file in images.items() if n in chosen}
        placed["train"][class_name] = {n: file for n, file in images.items() if n not in chosen}
    return placed


def _draw(name: str) -> bytes:
    return hashlib.sha256(f"{TEST_SPLIT_SEED}/{name}".encode()).digest()


def _ignored_tops(folders: set[str], used: set[str], title: str) -> list[str]:
    others = {name for name in folders if "/" not in name} - used
    return [
        f"'{title}': ignored {name}/, because only train/ and test/ are read"
        for name in sorted(others, key=natural_key)
    ]


def _checked(placed: dict[str, _Classes], notes: list[str], title: str) -> Layout:
    train, test = placed["train"], placed["test"]
    strangers = [name for name, images in test.items() if images and name not in train]
    if strangers:
        raise DataError(
            f"'{title}' has classes in test/ that are not in train/",
            got=_few(strangers),
            expected=_few(list(train)),
            fix="rename the folder, or add the class to train/",
        )
    empty = [name for name, images in train.items() if not images]
    if empty:
        raise DataError(
            f"'{title}' has classes with no image to train on",
            got=_few(empty),
            expected="at least one image in each class folder",
            fix="add images, or remove the folder",
        )
    if len(train) < 2:
        raise DataError(
            f"'{title}' has fewer than two classes",
            got=_few(list(train)) or "no class folder",
            expected=f"at least 2 classes: {_LAYOUTS}",
        )
    untested = [name for name in train if not test.get(name)]
    if len(untested) == len(train):
        raise DataError(f"'{title}' has no image in test/", expected=_LAYOUTS)
    if untested:
        notes = [*notes, f"'{title}': no test image of {_few(untested)}"]
    labels = {name: label for label, name in enumerate(train)}
    images = {
        split: [
            (file, label)
            for name, label in labels.items()
            for file in classes.get(name, {}).values()
        ]
        for split, classes in placed.items()
    }
    return Layout(tuple(labels), images, tuple(notes))


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more
