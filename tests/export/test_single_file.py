"""A trained model becomes one file that answers as torch does, or no file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import thumbnet
from thumbnet.errors import ModelError
from thumbnet.evaluation.answering import Answering
from thumbnet.evaluation.classifier import Classifier
from thumbnet.export.int8 import _network_nodes
from thumbnet.export.parity import random_pictures
from thumbnet.export.single_file import Exported, check_parity, export_model, to_onnx
from thumbnet.inference import Recogniser
from thumbnet.inference.locate import MODEL_FILE
from thumbnet.inference.model_file import read_model_file
from thumbnet.models.folder import load_model_folder
from thumbnet.training.run import Run
from tiny_runs import run_tiny, tiny_recipe, write_pictures

GLYPH = {"size_px": 28, "frame": "mnist", "mean": "train", "std": "train"}
COLOUR = {"size_px": 8, "channels": 3}
CNN = {"name": "cnn", "widths": [4, 6]}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A glyph model with views and a convolution, and a colour model."""
    folder = tmp_path_factory.mktemp("runs")
    pictures = write_pictures(folder / "pictures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thumbnet.training.finish.write_figures_and_report", lambda *_: None)
        glyph = tiny_recipe(
            pictures, epochs=5, validation=6, input=GLYPH, model=CNN, views={"shift_px": 1}
        )
        colour = tiny_recipe(pictures, epochs=2, validation=6, input=COLOUR, model=CNN)
        return {
            "glyph": run_tiny(glyph, folder / "glyph"),
            "colour": run_tiny(colour, folder / "colour"),
        }


@pytest.fixture(scope="module")
def exported(runs: dict[str, Run]) -> dict[str, Exported]:
    return {name: export_model(run.folder) for name, run in runs.items()}


@pytest.mark.parametrize("name", ["glyph", "colour"])
def test_file_answers_as_torch_does(
    runs: dict[str, Run], exported: dict[str, Exported], name: str
) -> None:
    classifier = Classifier.load(runs[name].folder)
    recogniser = Recogniser.load(exported[name].path)
    assert recogniser.class_names == classifier.config.class_names
    pictures = [batch[0] for batch in random_pictures(60, seed=7)]
    for got, expected in zip(
        recogniser.predict(pictures), classifier.predict(pictures), strict=True
    ):
        assert (got.label, got.refused) == (expected.label, expected.refused)
        assert got.score == pytest.approx(expected.score, abs=1e-5)
        assert list(got.probabilities.values()) == pytest.approx(
            list(expected.probabilities.values()), abs=1e-5
        )
        assert np.array_equal(got.seen, expected.seen)


def test_certificate_card_and_recipe_are_in_the_file(
    runs: dict[str, Run], exported: dict[str, Exported]
) -> None:
    facts = read_model_file(exported["glyph"].path).metadata
    certificate = exported["glyph"].certificate
    assert facts["certificate"] == certificate.to_dict()
    assert (certificate.num_test, certificate.num_random) == (9, 1000)
    assert certificate.label_agreement == 1
    assert 0 < certificate.max_probability_difference <= 1e-4
    assert certificate.in_words() in facts["card"]
    card = (runs["glyph"].folder / "model" / "README.md").read_text(encoding="utf-8")
    assert card == facts["card"]
    assert card.count("## Certificate") == 1
    assert facts["recipe"] == runs["glyph"].receipt["recipe"]
    assert facts["input"] == {"channels": 1, "size_px": 28, "frame": "mnist"}


def test_file_says_nothing_of_where_it_was_made(exported: dict[str, Exported]) -> None:
    content = exported["glyph"].path.read_bytes()
    for place in (Path(thumbnet.__file__).parents[1], Path(np.__file__).parents[1]):
        assert str(place).encode() not in content


@pytest.mark.usefixtures("exported")
def test_manifest_names_the_file_and_loading_verifies_it(
    runs: dict[str, Run], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(runs["glyph"].folder / "model", folder)
    load_model_folder(folder)
    with (folder / MODEL_FILE).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ModelError, match=r"model\.onnx' is not the one that was saved"):
        load_model_folder(folder)


def test_no_parity_no_file(
    runs: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thumbnet.export.parity.MAX_DIFFERENCE", -1.0)
    with pytest.raises(ModelError, match="does not answer as the trained network does"):
        export_model(runs["colour"].folder, tmp_path / "out.onnx")
    assert not list(tmp_path.glob("*out*"))


def test_file_of_other_weights_is_found_out(
    runs: dict[str, Run], exported: dict[str, Exported]
) -> None:
    with pytest.raises(ModelError, match="does not answer"):
        check_parity(exported["colour"].path, runs["glyph"].folder / "model")


@pytest.mark.parametrize(("ratio", "accepted"), [(2.0, True), (0.9, False)])
def test_int8_is_used_only_where_it_is_faster(
    runs: dict[str, Run],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ratio: float,
    accepted: bool,
) -> None:
    monkeypatch.setattr("thumbnet.export.int8._speed_ratio", lambda *_: ratio)
    monkeypatch.setattr("thumbnet.export.int8.MAX_ACCURACY_LOSS", 1.0)
    done = export_model(runs["colour"].folder, tmp_path / "int8.onnx", int8=True)
    assert done.quantisation is not None
    assert done.quantisation.accepted is accepted
    assert ("is used" in done.quantisation.in_words()) is accepted
    assert done.quantisation.num_images == 6
    assert (b"QuantizeLinear" in done.path.read_bytes()) is accepted
    assert json.loads(json.dumps(done.to_dict()))["quantisation"]["speed_ratio"] == ratio
    Recogniser.load(done.path).predict(np.full((30, 20), 255, np.uint8))


def test_only_what_has_weights_behind_the_frame_is_quantised(runs: dict[str, Run]) -> None:
    network, config = load_model_folder(runs["glyph"].folder / "model")
    graph = to_onnx(Answering(network, config).eval()).graph
    chosen = [node.op_type for node in graph.node if node.name in _network_nodes(graph)]
    assert set(chosen) == {"Conv", "Gemm"}
    # The sums that tell whether a picture is framed are a product too.
    assert any(node.op_type == "MatMul" for node in graph.node)
