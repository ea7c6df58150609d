from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from thumbnet.datasets import mnist
from thumbnet.errors import ModelError
from thumbnet.inspection.doctor.machine import inspect_machine, version_of


def test_this_installation_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THUMBNET_HOME", str(tmp_path / "not" / "yet" / "there"))
    facts, findings = inspect_machine()
    assert findings == []
    assert facts["bundled_data"] == facts["bundled_model"] == "intact"
    assert facts["devices"][-1] == "cpu"
    assert facts["libraries"]["torch"] == version_of("torch")
    assert not (tmp_path / "not").exists()


def test_cache_that_is_a_file_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("THUMBNET_HOME", str(tmp_path / "file" / "cache"))
    _, (finding,) = inspect_machine()
    assert finding.code == "cache-not-writable"
    assert finding.place == str(tmp_path / "file" / "cache")


def test_damaged_mnist_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(split: str) -> Any:
        return load(split, folder=tmp_path)

    load = mnist.load_mnist
    monkeypatch.setattr(mnist, "load_mnist", damaged)
    facts, (finding,) = inspect_machine()
    assert finding.code == "bundled-data-damaged"
    assert facts["bundled_data"] == "damaged"
    assert "a bundled MNIST file is missing" in finding.words().what


def test_damaged_recogniser_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_arguments: object) -> None:
        raise ModelError("the recogniser is damaged", got="digits.onnx")

    monkeypatch.setattr("thumbnet.inference.Recogniser.load", damaged)
    facts, (finding,) = inspect_machine()
    assert (finding.code, finding.place) == ("bundled-model-damaged", "digits.onnx")
    assert facts["bundled_model"] == "damaged"


def test_without_torch_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    facts, (finding,) = inspect_machine()
    assert (finding.code, finding.severity) == ("torch-missing", "note")
    assert facts["bundled_data"] == "not checked"


def test_version_of_what_is_not_installed_is_none() -> None:
    assert version_of("no-such-library-anywhere") is None
