from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch

from thumbnet.training import receipt
from thumbnet.version import __version__

CPU = torch.device("cpu")


def test_environment_names_code_libraries_and_hardware() -> None:
    environment = receipt.describe_environment(CPU)
    assert environment["code"] == {"version": __version__, "source_sha256": receipt.source_hash()}
    assert environment["libraries"]["python"] == platform.python_version()
    # Without the local part, e.g. +cpu, which the metadata may lack.
    assert environment["libraries"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert environment["libraries"]["numpy"] == np.__version__
    hardware = environment["hardware"]
    assert (hardware["device"], hardware["cores"]) == ("cpu", os.cpu_count())
    assert hardware["threads"] == torch.get_num_threads()
    assert hardware["processor"]
    assert json.loads(json.dumps(environment)) == environment


def test_time_is_iso_in_utc_to_the_second() -> None:
    text = receipt.now()
    time = datetime.fromisoformat(text)
    assert time.utcoffset() == timedelta(0)
    assert time.microsecond == 0
    assert abs(datetime.now(UTC) - time) < timedelta(minutes=1)
    assert time.isoformat() == text


def test_source_hash_changes_with_content_and_name_of_code_and_recipes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    (package / "training").mkdir(parents=True)
    monkeypatch.setattr(receipt, "__file__", str(package / "training" / "receipt.py"))

    def digest(files: dict[str, str]) -> str:
        for path in [*package.rglob("*.*")]:
            path.unlink()
        for name, text in files.items():
            (package / name).write_text(text)
        return str(receipt.source_hash.__wrapped__())

    variants = [
        {"a.py": "1", "training/b.toml": "2"},
        {"a.py": "1", "training/b.toml": "3"},
        {"a.py": "1", "training/c.toml": "2"},
        {"a.py": "12", "training/b.toml": ""},
        {"a.py": "1"},
    ]
    assert len({digest(files) for files in variants}) == len(variants)
    assert digest(variants[0] | {"notes.md": "x"}) == digest(variants[0])
    assert digest(dict(reversed(variants[0].items()))) == digest(variants[0])


def test_unknown_processor_and_memory_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise OSError

    monkeypatch.setattr(Path, "read_text", refuse)
    monkeypatch.setattr(platform, "processor", lambda: "")
    assert receipt.processor_name() == platform.machine()
    monkeypatch.setattr(os, "sysconf", refuse)
    assert receipt.memory_gib() is None


def test_memory_is_in_gib(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"SC_PHYS_PAGES": 3 * 2**20, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(os, "sysconf", sizes.__getitem__)
    assert receipt.memory_gib() == 12.0


def test_cards_model_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Card 9")
    assert receipt.device_name(torch.device("cuda")) == "cuda (Card 9)"
    assert receipt.device_name(CPU) == "cpu"
