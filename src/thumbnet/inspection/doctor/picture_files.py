"""The pictures of a folder or archive, one by one: which cannot be read, and in which forms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from thumbnet.datasets.archive import ARCHIVE_SUFFIXES, FileSource, is_archive, open_archive
from thumbnet.datasets.folder_files import DirectorySource
from thumbnet.datasets.folder_layout import SPLITS, arrange
from thumbnet.datasets.image_set import ImageSet
from thumbnet.errors import DataError, ImageError
from thumbnet.images import decode_image, fit_image
from thumbnet.inspection.doctor.findings import Finding

SIDE_PX = 32
LARGEST_SIDE_RATIO = 4.0
LARGEST_ASPECT_RATIO = 2.0
_NUM_SHOWN = 20


@dataclass(frozen=True)
class Form:
    """The form of one picture file: its size, and whether it is grey although stored as RGB."""

    height: int
    width: int
    channels: int
    is_grey: bool


@dataclass(frozen=True)
class PictureFolder:
    """A folder of pictures, decoded.

    Attributes:
        train: the training split, of ``SIDE_PX`` or of the size that all pictures have.
        test: the test split.
        files: for each split the file of each picture.
        forms: the form of every picture that could be read.
        bad: the reason for each that could not.
    """

    train: ImageSet
    test: ImageSet
    files: dict[str, list[str]]
    forms: dict[str, Form]
    bad: dict[str, str]

    def findings(self, name: str) -> Iterator[Finding]:
        """Look at the files themselves."""
        if self.bad:
            shown = [f"{file} {reason}" for file, reason in list(self.bad.items())[:_NUM_SHOWN]]
            details = {"number": len(self.bad), "pictures": shown}
            yield Finding("unreadable-pictures", name, details=details)
        forms = list(self.forms.values())
        coloured = [form for form in forms if form.channels == 3]
        if coloured and all(form.is_grey for form in forms):
            yield Finding("grey-as-rgb", name, details={"number": len(coloured)})
        yield from self._sizes(name)

    def _sizes(self, name: str) -> Iterator[Finding]:
        sides = {file: max(form.height, form.width) for file, form in self.forms.items()}
        smallest, largest = min(sides, key=sides.__getitem__), max(sides, key=sides.__getitem__)
        aspects = [form.width / form.height for form in self.forms.values()]
        has_aspects = max(aspects) > LARGEST_ASPECT_RATIO * min(aspects)
        if sides[largest] > LARGEST_SIDE_RATIO * sides[smallest] or has_aspects:
            details = {
                "smallest": self._described(smallest),
                "largest": self._described(largest),
                "lowest": f"{min(aspects):.2f}",
                "highest": f"{max(aspects):.2f}",
            }
            yield Finding("mixed-sizes", name, details=details)

    def _described(self, file: str) -> str:
        form = self.forms[file]
        return f"{file} ({form.width}×{form.height})"


def read_pictures(path: Path) -> PictureFolder:
    """Decode every picture of a folder or archive with a folder for each class.

    Raises:
        DataError: there is no such folder, its layout is none, or no class has enough pictures.
    """
    if not path.exists() or not (path.is_dir() or is_archive(path)):
        raise DataError(
            "this is neither a data set's name, a folder nor an archive",
            got=path,
            expected=f"a name of `thumbnet data list`, or a folder of images, or an archive: "
            f"{', '.join(ARCHIVE_SUFFIXES)}",
        )
    path = path.absolute()
    with _opened(path) as source:
        everything = arrange(
            source.files, source.folders, title=path.name, strip_any_top=path.is_file()
        )
        names = [file for split in SPLITS for file, _ in everything.images[split]]
        pixels, forms, bad = _decode(source, names)
        layout = arrange(
            source.files,
            source.folders,
            title=path.name,
            strip_any_top=path.is_file(),
            unusable=bad,
        )
    channels = 1 if all(form.is_grey for form in forms.values()) else 3
    sizes = {(form.height, form.width) for form in forms.values()}
    side = next(iter(sizes))[0] if len(sizes) == 1 and len(set(*sizes)) == 1 else SIDE_PX
    side = side if side <= 2 * SIDE_PX else SIDE_PX
    sets = {}
    for split in SPLITS:
        rows = layout.images[split]
        fitted = [fit_image(pixels[file], channels, side) for file, _ in rows]
        images = np.stack(fitted) if fitted else np.empty((0, channels, side, side), np.uint8)
        labels = torch.tensor([label for _, label in rows], dtype=torch.int64)
        title = f"{path.name} {split}"
        sets[split] = ImageSet(title, torch.from_numpy(images), labels, layout.class_names)
    files = {split: [file for file, _ in layout.images[split]] for split in SPLITS}
    return PictureFolder(sets["train"], sets["test"], files, forms, bad)


def _opened(path: Path) -> AbstractContextManager[FileSource]:
    if path.is_dir():
        source: FileSource = DirectorySource(path)
        return nullcontext(source)
    return open_archive(path)


def _decode(
    source: FileSource, names: list[str]
) -> tuple[dict[str, np.ndarray], dict[str, Form], dict[str, str]]:
    """Return pixels no larger than needed, the form, and the reason why not, by file."""
    pixels: dict[str, np.ndarray] = {}
    forms: dict[str, Form] = {}
    bad: dict[str, str] = {}
    for name, data in source.read(names):
        try:
            decoded = decode_image(data, "it")
        except ImageError as error:
            bad[name] = error.what.removeprefix("'it' ")
            continue
        height, width, channels = decoded.shape
        is_grey = channels == 1 or bool((decoded == decoded[:, :, :1]).all())
        forms[name] = Form(height, width, channels, is_grey)
        is_large = max(height, width) > 2 * SIDE_PX
        if is_large:
            decoded = fit_image(decoded, channels, SIDE_PX).transpose(1, 2, 0)
        pixels[name] = decoded
    return pixels, forms, bad
