"""Folders of tiny pictures, one grey value each, that the tests of folders write and load."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from thumbnet.datasets.folder import load_folder
from thumbnet.datasets.image_set import ImageSet


def picture(value: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (2, 2), value).save(file, "PNG")
    return file.getvalue()


def write(root: Path, files: dict[str, int | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(content) if isinstance(content, int) else content)
    return root


def load(path: Path, split: str = "train", **options: object) -> tuple[ImageSet, list[str]]:
    lines: list[str] = []
    arguments = {"channels": 1, "size_px": 2, "split": split, "warn": lines.append, **options}
    return load_folder(path, **arguments), lines


def values(loaded: ImageSet) -> list[int]:
    """The grey value of each (uniform) picture."""
    return loaded.images[:, 0, 0, 0].tolist()


SPLIT_FILES: dict[str, int | bytes] = {
    "train/10/b.png": 3,
    "train/2/a10.png": 2,
    "train/2/a9.png": 1,
    "train/2/deep/er/a.png": 9,
    "test/10/z.png": 5,
    "test/2/y.png": 4,
}
CLASS_FILES: dict[str, int | bytes] = {
    **{f"cat/{index}.png": index for index in range(13)},
    **{f"dog/{index}.png": 100 + index for index in range(2)},
    **{f"eel/{index}.png": 200 + index for index in range(3)},
}
BAD_FILES = {f"train/2/bad{index}.png": b"not a picture" for index in range(6)} | {
    "train/2/cut.png": picture(1)[:44],
    "train/2/empty.png": b"",
}


def only_entry(cache_root: Path) -> Path:
    """Return the cache's only file."""
    (entry,) = (cache_root / "folders").iterdir()
    return entry
