"""Data sets by the name that a recipe or a person gives them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from thumbnet.datasets.catalog import load_catalog
from thumbnet.datasets.folder import load_folder
from thumbnet.datasets.image_set import ImageSet
from thumbnet.errors import DataError

FOLDER_PREFIX = "folder:"


def load_dataset(
    name: str,
    split: str,
    *,
    channels: int,
    size_px: int,
    skip_bad: bool = False,
    report: Callable[[str], None] | None = None,
) -> ImageSet:
    """Load one split of a data set in the form that a model takes.

    Args:
        name: a catalogue name (``mnist``), or ``folder:PATH`` of a directory or archive with one
            folder for each class.
        split: ``"train"`` or ``"test"``.
        channels: 1 or 3.
        size_px: height and width. Pictures of a folder are converted and resized; those of the
            catalogue must have this form already.
        skip_bad: pass over a folder's unreadable files instead of raising.
        report: told of downloads and of what was passed over.

    Raises:
        DataError: there is no such set, or it cannot be used as it is.
        DownloadError: it cannot be fetched.
    """
    if name.startswith(FOLDER_PREFIX):
        path = Path(name.removeprefix(FOLDER_PREFIX)).expanduser()
        return load_folder(
            path, channels=channels, size_px=size_px, split=split, skip_bad=skip_bad, warn=report
        )
    images = load_catalog(name, split, report=report)
    expected = (channels, size_px, size_px)
    if images.shape != expected:
        raise DataError(
            f"the images of '{name}' do not have the form that the recipe gives",
            got=f"(channels, height, width) = {images.shape}",
            expected=f"{expected}",
            fix=f"--set input.channels={images.shape[0]} --set input.size_px={images.shape[1]}"
            " --set input.mean=train --set input.std=train",
        )
    return images
