"""Pictures that a person has named, kept as a folder that ``thumbnet train`` and ``test`` take."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from thumbnet import files
from thumbnet.errors import DataError, ImageError, OutputError, nearest
from thumbnet.images import FORMATS, decode_image, quiet_pillow, to_grey

if TYPE_CHECKING:
    from PIL.Image import Image

DIGITS = tuple("0123456789")
MAX_BYTES = 1_000_000
MAX_PIXELS = 1_000_000
LONGEST_PX = 256
"""Larger pictures are made smaller: a glyph needs no more, and a folder of them stays small."""

_NUM_HEX = 16


@dataclass(frozen=True)
class CollectedSample:
    """One picture that was kept.

    Attributes:
        path: its file.
        label: what the person says it shows.
    """

    path: Path
    label: str


class Collector:
    """Keeps named pictures as ``<folder>/<label>/<hash>.png``; may be used by several threads.

    Pictures are decoded and encoded anew, grey, so that nothing but pixels reaches the disk. The
    name of a file is the beginning of the SHA-256 of its size and pixels: the same picture under
    the same label is one file, however often it comes. ``--data folder:FOLDER`` reads the folder as
    classes without splits, of which it always cuts the same fifth for testing.

    Args:
        folder: where; it is made with the first picture.
        class_names: the labels that are taken.

    Raises:
        DataError: a class name cannot be the name of a folder.
    """

    def __init__(self, folder: Path, class_names: Sequence[str] = DIGITS) -> None:
        for name in class_names:
            if not name or name[0] == "." or any(character in name for character in "/\\:\0"):
                raise DataError(
                    "a class name cannot be the name of a folder",
                    got=repr(name),
                    expected="no / \\ : in it, and no dot at its beginning",
                )
        self.folder = folder
        self.class_names = tuple(class_names)
        # Two threads with the same picture would write the same temporary file.
        self._writing = threading.Lock()

    def add(self, label: str, picture: bytes) -> CollectedSample:
        """Keep a picture.

        Args:
            label: one of the class names.
            picture: the bytes of its file, at most a megabyte and a million pixels. What the
                network saw of a glyph is best: it is framed already.

        Raises:
            DataError: there is no such class.
            ImageError: the picture is too large or cannot be decoded.
            OutputError: it cannot be written, or the class's folder is a link out of the folder.
        """
        if label not in self.class_names:
            raise DataError(
                f"there is no class '{label}'", expected=nearest(label, self.class_names)
            )
        image = _decode_small(picture)
        digest = hashlib.sha256(f"{image.width}x{image.height}:".encode() + image.tobytes())
        path = self.folder / label / f"{digest.hexdigest()[:_NUM_HEX]}.png"
        with self._writing:
            self._make_folder(path.parent)
            if not path.exists():
                content = BytesIO()
                image.save(content, "PNG")
                files.write_atomically(path, content.getvalue())
        return CollectedSample(path, label)

    def counts(self) -> dict[str, int]:
        """Return how many pictures there are of each class, in the order of the classes."""
        return {name: len(list((self.folder / name).glob("*.png"))) for name in self.class_names}

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            is_inside = folder.resolve().parent == self.folder.resolve()
        except OSError as error:
            raise files.cannot_write(folder, error) from error
        if not is_inside:
            raise OutputError(
                "the class's folder is a link to another place", got=folder, expected="a folder"
            )


def _decode_small(picture: bytes) -> Image:
    """Return a picture, grey and at most ``LONGEST_PX`` a side; its header is checked first."""
    from PIL import Image

    if len(picture) > MAX_BYTES:
        raise ImageError(
            "the picture is too large a file",
            got=f"{len(picture):,} bytes",
            expected=f"at most {MAX_BYTES:,}",
        )
    num_pixels = _num_pixels(picture)
    if num_pixels > MAX_PIXELS:
        raise ImageError(
            "the picture has too many pixels",
            got=f"{num_pixels:,}",
            expected=f"at most {MAX_PIXELS:,}",
        )
    image = Image.fromarray(to_grey(decode_image(picture, "the picture")))
    image.thumbnail((LONGEST_PX, LONGEST_PX))
    return image


def _num_pixels(picture: bytes) -> int:
    """Return what the header says, or 0 of a file that decoding will refuse with the reason."""
    from PIL import Image

    try:
        with quiet_pillow(), Image.open(BytesIO(picture), formats=FORMATS) as image:
            return image.width * image.height
    except Exception:
        return 0
