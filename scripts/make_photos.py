"""Make the photos that reading is measured on, from MNIST's test digits, with what they say.

Usage::

    python scripts/make_photos.py           # write tests/photos
    python scripts/make_photos.py --check   # are all files there, and unchanged?

Nobody took these photos: ``thumbnet.datasets.scenes`` made them. A picture whose file would be
large is made smaller first, as messengers do.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from thumbnet.datasets.scene_kinds import EMPTY_KINDS, KINDS
from thumbnet.datasets.scene_shrink import shrink
from thumbnet.datasets.scenes import make_scene
from thumbnet.files import to_json, write_atomically

FOLDER = Path(__file__).parents[1] / "tests" / "photos"
TRUTH = "truth.json"
SEED = 20_000  # the first one; development reads seeds from 0 on
SCENES_OF_A_KIND = 3
MAX_FOLDER_BYTES = 6_000_000


def make_photos() -> list[dict[str, Any]]:
    """Write all photos and their truth, and return the truth."""
    from thumbnet.datasets.mnist import load_mnist

    mnist = load_mnist("test")
    digits, labels = mnist.images[:, 0].numpy(), mnist.labels.numpy()
    FOLDER.mkdir(exist_ok=True)
    truth = []
    for kind in KINDS:
        for number in range(_num_scenes(kind)):
            scene = shrink(make_scene(kind, SEED + number, digits, labels))
            file = scene.encode()
            name = f"{kind}-{number + 1}{scene.suffix}"
            write_atomically(FOLDER / name, file)
            truth.append(
                {
                    "file": name,
                    "kind": kind,
                    "hard": scene.hard,
                    "lines": list(scene.lines),
                    "others": scene.num_others,
                    "sha256": hashlib.sha256(file).hexdigest(),
                }
            )
    write_atomically(FOLDER / TRUTH, to_json(truth))
    return truth


def _num_scenes(kind: str) -> int:
    if kind == "large":
        return 1  # Made smaller, they are like the others.
    # Few kinds have no digits, but how often some are read there is a figure of its own.
    return (2 if kind in EMPTY_KINDS else 1) * SCENES_OF_A_KIND


def find_faults() -> list[str]:
    """Return what is wrong with the written photos; nothing if all is well."""
    if not (FOLDER / TRUTH).is_file():
        return [f"{FOLDER / TRUTH} is missing"]
    truth = json.loads((FOLDER / TRUTH).read_text())
    faults = []
    for photo in truth:
        path = FOLDER / photo["file"]
        if not path.is_file():
            faults.append(f"{path.name} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != photo["sha256"]:
            faults.append(f"{path.name} is not what was written")
    known = {TRUTH, "README.md", *(photo["file"] for photo in truth)}
    faults += [
        f"{path.name} is not in {TRUTH}" for path in FOLDER.iterdir() if path.name not in known
    ]
    num_bytes = sum(path.stat().st_size for path in FOLDER.iterdir())
    if num_bytes > MAX_FOLDER_BYTES:
        faults.append(f"{num_bytes:,} bytes are more than {MAX_FOLDER_BYTES:,}")
    return faults


def main() -> int:
    """Write or check, say what is wrong, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only look at what is there")
    if not parser.parse_args().check:
        print(f"{len(make_photos())} photos in {FOLDER}")
    faults = find_faults()
    print(
        "\n".join(faults) or "every photo is as it was written", file=sys.stderr if faults else None
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
