"""A person's own images as a data set: a folder, or an archive of one.

The first load decodes every picture, on all cores; later loads read the decoded set from the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from thumbnet.datasets.archive import ARCHIVE_SUFFIXES, FileSource, is_archive, open_archive
from thumbnet.datasets.decode_cache import (
    DecodedFolder,
    cache_path,
    content_key,
    read_entry,
    write_entry,
)
from thumbnet.datasets.folder_decoding import decode_files
from thumbnet.datasets.folder_files import DirectorySource, unreadable
from thumbnet.datasets.folder_layout import LAYOUT_VERSION, SPLITS, Layout, arrange
from thumbnet.datasets.image_set import ImageSet
from thumbnet.errors import DataError

_NUM_BAD_SHOWN = 5


def load_folder(
    path: Path,
    *,
    channels: int,
    size_px: int,
    split: str,
    skip_bad: bool = False,
    warn: Callable[[str], None] | None = None,
) -> ImageSet:
    """Load one split of a folder of images, or of a zip or tar archive of one.

    The folder holds ``train/<class>/…`` and ``test/<class>/…``, or ``<class>/…`` alone: then a
    fifth of each class is cut for the test split, always the same. Classes are in natural order
    (1, 2, 10), and so are the images of each class.

    Args:
        path: the folder or archive.
        channels: 1 (grey, by BT.601 luma) or 3 (RGB).
        size_px: width and height that every picture is resized to, without keeping its aspect.
        split: ``"train"`` or ``"test"``.
        skip_bad: leave out pictures that cannot be decoded, instead of raising.
        warn: is called with one line for each thing that was ignored, skipped or missing.

    Returns:
        Images uint8 ``(N, channels, size_px, size_px)`` and labels int64 ``(N,)``.

    Raises:
        DataError: the path, the archive, the layout or a picture cannot be used.
    """
    _check_arguments(path, channels, size_px, split)
    # "." has no name until it is made absolute.
    path = path.absolute()
    tell = warn or (lambda _line: None)
    form = (LAYOUT_VERSION, is_archive(path), channels, size_px, skip_bad)
    try:
        directory = None if path.is_file() else DirectorySource(path)
        entry = cache_path(content_key(path, directory.files if directory else None, *form))
    except OSError as error:
        raise unreadable(path, error) from error
    found = read_entry(entry, split, _title(path))
    if found is None:
        decoded = _decode(path, directory, channels, size_px, skip_bad)
        found = decoded.splits[split], decoded.notes
        try:
            write_entry(entry, decoded)
        except OSError as error:
            tell(f"the decoded images could not be kept for the next time ({error})")
    images, notes = found
    for note in notes:
        tell(note)
    return images


def _check_arguments(path: Path, channels: int, size_px: int, split: str) -> None:
    expected = f"a folder, or an archive: {', '.join(ARCHIVE_SUFFIXES)}"
    if not path.exists():
        raise DataError("there is no such folder or archive", got=path, expected=expected)
    if not path.is_dir() and not (path.is_file() and is_archive(path)):
        raise DataError("this is neither a folder nor an archive", got=path, expected=expected)
    if split not in SPLITS:
        raise DataError("there is no such split", got=split, expected=" or ".join(SPLITS))
    if channels not in (1, 3) or size_px < 1:
        raise DataError(
            "images cannot have this form",
            got=f"{channels} channels, {size_px} pixels wide",
            expected="1 or 3 channels, and at least 1 pixel",
        )


@contextmanager
def _open(path: Path, directory: DirectorySource | None) -> Iterator[FileSource]:
    if directory is not None:
        yield directory
    else:
        with open_archive(path) as source:
            yield source


def _decode(
    path: Path, directory: DirectorySource | None, channels: int, size_px: int, skip_bad: bool
) -> DecodedFolder:
    with _open(path, directory) as source:

        def arranged(bad: dict[str, str]) -> Layout:
            return arrange(
                source.files,
                source.folders,
                title=path.name,
                strip_any_top=directory is None,
                unusable=bad,
            )

        layout = arranged({})
        names = [name for split in SPLITS for name, _ in layout.images[split]]
        pixels, bad = decode_files(source, names, channels, size_px)
        notes: tuple[str, ...] = ()
        if bad:
            if not skip_bad:
                raise _unreadable(path, bad)
            layout = arranged(bad)
            notes = (f"'{path.name}': skipped {len(bad)} unreadable images: {_first_few(bad)}",)
    return DecodedFolder(_split_sets(_title(path), layout, names, pixels), layout.notes + notes)


def _title(path: Path) -> str:
    """Return the name without ``.zip``, ``.tar.gz`` and so on; a folder's name is kept whole."""
    suffixes = [s for s in ARCHIVE_SUFFIXES if path.name.lower().endswith(s) and path.is_file()]
    return path.name[: -len(suffixes[0])] if suffixes else path.name


def _split_sets(
    title: str, layout: Layout, names: list[str], pixels: np.ndarray
) -> dict[str, ImageSet]:
    """Cut the pixels, which are in the order of ``names``, into the splits of the layout."""
    order = [name for split in SPLITS for name, _ in layout.images[split]]
    if order != names:
        row = {name: index for index, name in enumerate(names)}
        pixels = pixels[[row[name] for name in order]]
    splits, start = {}, 0
    for split in SPLITS:
        labels = torch.tensor([label for _, label in layout.images[split]], dtype=torch.int64)
        images = torch.from_numpy(pixels[start : start + len(labels)])
        splits[split] = ImageSet(f"{title} {split}", images, labels, layout.class_names)
        start += len(labels)
    return splits


def _unreadable(path: Path, bad: dict[str, str]) -> DataError:
    return DataError(
        f"'{path.name}' has {len(bad)} unreadable images",
        got=_first_few(bad),
        expected="images that can be decoded",
        fix="repair or remove them, or leave them out with --skip-bad",
    )


def _first_few(bad: dict[str, str]) -> str:
    shown = [f"{name} {reason}" for name, reason in list(bad.items())[:_NUM_BAD_SHOWN]]
    more = ["…"] if len(bad) > _NUM_BAD_SHOWN else []
    return "; ".join(shown + more)
