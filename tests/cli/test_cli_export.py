"""``thumbnet export`` and ``thumbnet verify``, as typed."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from command_line import Call
from thumbnet.training.run import Run


@pytest.fixture(scope="module")
def exported_once(trained_once: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    from thumbnet.export.single_file import export_model

    folder = tmp_path_factory.mktemp("exported") / "run"
    shutil.copytree(trained_once.folder, folder)
    export_model(folder)
    return Run(folder)


def test_export_says_where_and_how_alike(call: Call, trained: Run, tmp_path: Path) -> None:
    out = tmp_path / "my.onnx"
    said = call("export", trained.folder, "--out", out, "--json")
    assert said.code == 0
    assert said.json["file"] == str(out)
    assert said.json["bytes"] == out.stat().st_size
    assert said.json["certificate"]["label_agreement"] == 1
    assert "agree on 100.00%" in said.err
    # The file stands alone: torch is not asked, and the answers are the checkpoint's.
    picture = tmp_path / "picture.png"
    Image.fromarray(np.tile(np.arange(0, 240, 8, dtype=np.uint8), (20, 1))).save(picture)
    (alone,) = call("predict", out, picture, "--json").json
    (torch,) = call("predict", "--torch", trained.folder, picture, "--json").json
    assert alone["label"] == torch["label"]
    assert alone["probability"] == pytest.approx(torch["probability"], abs=1e-4)


def test_verify_tells_what_it_checked_and_what_it_cannot(call: Call, exported_once: Run) -> None:
    said = call("verify", exported_once.folder, "--json")
    assert said.code == 0
    assert said.json["weights"]["checksums"] == said.json["seal"] == "equal"
    assert said.json["parity"]["num_random"] == 100
    assert "cannot prove" in said.json["cannot_prove"]
    text = call("verify", exported_once.folder).out
    assert said.json["sha256"] in text
    assert "cannot prove" in text


def test_verify_of_the_file_alone(call: Call, exported_once: Run, tmp_path: Path) -> None:
    alone = tmp_path / "alone.onnx"
    alone.write_bytes((exported_once.folder / "model" / "model.onnx").read_bytes())
    assert "not checked" in call("verify", alone, "--json").json["parity"]


def test_bundled_digits_are_whole(call: Call) -> None:
    said = call("verify", "digits", "--json")
    assert said.code == 0
    assert said.json["class_names"] == list("0123456789")
    assert said.json["certificate"]["num_test"] == 10_000


def test_tampered_weights_are_refused_by_all_verbs(
    call: Call, exported_once: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(exported_once.folder / "model", folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\7")
    said = call("verify", folder)
    assert (said.code, said.out) == (2, "")
    assert "is not the one that was saved" in said.err
    picture = tmp_path / "p.png"
    Image.new("L", (8, 8)).save(picture)
    said = call("predict", folder, picture)
    assert said.code == 2
    assert "was not made of the weights beside it" in said.err


def test_what_is_no_model(call: Call, tmp_path: Path) -> None:
    assert "the model does not exist" in call("verify", tmp_path / "none").err
    assert call("verify", tmp_path).code == 2
    assert "does not exist" in call("export", tmp_path / "none").err
    assert "is exported already" in call("export", "digits").err
