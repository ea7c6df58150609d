"""Decoding by several processes, and several processes that load at once."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from folder_files import load, only_entry, picture

from thumbnet.datasets import folder_decoding
from thumbnet.errors import DataError


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A zip of more pictures than one process decodes, one of them bad."""
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as target:
        for index in range(600):
            target.writestr(f"{index % 2}/{index}.png", picture(index % 256))
        target.writestr("1/x.png", b"bad")
    return path


def test_decoding_processes_agree_with_decoding_here(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_decoding, "_num_cores", lambda: 1)
    here, lines = load(many, skip_bad=True, channels=3)
    monkeypatch.setattr(folder_decoding, "_num_cores", lambda: 2)
    monkeypatch.setenv("THUMBNET_HOME", str(many.parent / "other"))
    apart, lines_apart = load(many, skip_bad=True, channels=3)
    assert apart.content_hash == here.content_hash
    assert lines_apart == lines
    assert "1/x.png is not a picture that can be read" in lines[0]


def run_from_stdin(script: str, path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-", str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write(script)
    process.stdin.close()
    return process


DECODING_SCRIPT = """
import hashlib, sys
from pathlib import Path
from thumbnet.datasets import folder_decoding
from thumbnet.datasets.archive import open_archive
print("the main module ran")
folder_decoding._num_cores = lambda: 2
with open_archive(Path(sys.argv[1])) as source:
    pixels, bad = folder_decoding.decode_files(source, sorted(source.files), 1, 2)
print(hashlib.sha256(pixels.data).hexdigest(), *bad)
"""


def test_decoding_processes_work_for_an_unguarded_script_from_stdin(many: Path) -> None:
    with run_from_stdin(DECODING_SCRIPT, many) as script:
        assert script.stdout is not None
        output = script.stdout.read()
    numbers = sorted([f"{i % 2}/{i}.png" for i in range(600)] + ["1/x.png"])
    grey = [0 if "x" in name else int(name[2:-4]) % 256 for name in numbers]
    digest = hashlib.sha256(np.repeat(np.array(grey, dtype=np.uint8), 4).data).hexdigest()
    assert output == f"the main module ran\n{digest} 1/x.png\n"
    assert script.returncode == 0


LOADING_SCRIPT = """
import sys
from pathlib import Path
from thumbnet.datasets.folder import load_folder

pytestmark = pytest.mark.usefixtures("cache_root")
loaded = load_folder(Path(sys.argv[1]), channels=1, size_px=2, split="train", skip_bad=True)
print(loaded.content_hash)
"""


@pytest.mark.slow
def test_four_processes_at_once_agree_and_leave_one_entry(many: Path, cache_root: Path) -> None:
    outputs = set()
    for script in [run_from_stdin(LOADING_SCRIPT, many) for _ in range(4)]:
        with script:
            assert script.stdout is not None
            outputs.add(script.stdout.read())
        assert script.returncode == 0
    assert outputs == {load(many, skip_bad=True)[0].content_hash + "\n"}
    assert only_entry(cache_root).suffix == ".safetensors"


def test_a_decoding_process_that_dies_is_told(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_decoding, "_num_cores", lambda: 2)
    monkeypatch.setattr(folder_decoding, "WORKER_MODULE", "colorsys")
    with pytest.raises(DataError, match="a decoding process ended too early"):
        load(many, skip_bad=True)
