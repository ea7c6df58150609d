"""Decoded sets kept in the cache folder, one safetensors file for both splits of a folder.

The key is a hash of every input, so an entry is never stale; the stored content hashes are checked
at each load, so a damaged entry counts as none.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from thumbnet.datasets.folder_layout import SPLITS
from thumbnet.datasets.image_set import ImageSet
from thumbnet.errors import ThumbnetError
from thumbnet.paths import cache_folder

_HASH_BLOCK_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class DecodedFolder:
    """Both splits of a folder, and what the user was told when they were decoded."""

    splits: dict[str, ImageSet]
    notes: tuple[str, ...]


def content_key(root: Path, files: Sequence[str] | None, *inputs: object) -> str:
    """Return a SHA-256 (hex) over the files' names and bytes, and over whatever else matters.

    Args:
        root: the folder of the files, or the one file itself when ``files`` is None.
        files: names relative to ``root``.
        inputs: further values that change the result; their ``repr`` is hashed.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256(repr(inputs).encode())
    named = [(root, "")] if files is None else [(root / name, name) for name in files]
    for path, name in named:
        digest.update(f"{len(name.encode())}:{name}:{path.stat().st_size}:".encode())
        with path.open("rb") as file:
            while block := file.read(_HASH_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()


def cache_path(key: str) -> Path:
    """Return where the entry of ``key`` is kept."""
    return cache_folder() / "folders" / f"{key}.safetensors"


def read_entry(path: Path, split: str, title: str) -> tuple[ImageSet, tuple[str, ...]] | None:
    """Return one split of an entry and its notes, or None if it is missing or damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads(file.metadata()["thumbnet"])
            # A copy, because mapped pages would fail under a running training if the file shrinks.
            images = file.get_tensor(f"{split}.images").clone()
            labels = file.get_tensor(f"{split}.labels").clone()
        loaded = ImageSet(f"{title} {split}", images, labels, tuple(facts["class_names"]))
        if loaded.content_hash != facts["content_hashes"][split]:
            return None
        return loaded, tuple(facts["notes"])
    except (OSError, SafetensorError, ThumbnetError, KeyError, TypeError, ValueError):
        return None


def write_entry(path: Path, decoded: DecodedFolder) -> None:
    """Write an entry so that every other process sees either all of it or nothing.

    Raises:
        OSError: the cache folder cannot be written.
    """
    from safetensors.torch import save_file

    tensors = {}
    for split in SPLITS:
        tensors[f"{split}.images"] = decoded.splits[split].images
        tensors[f"{split}.labels"] = decoded.splits[split].labels
    facts = {
        "class_names": decoded.splits["train"].class_names,
        "content_hashes": {split: decoded.splits[split].content_hash for split in SPLITS},
        "notes": decoded.notes,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        os.close(descriptor)
        save_file(tensors, temporary, metadata={"thumbnet": json.dumps(facts)})
        with Path(temporary).open("rb+") as file:
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
