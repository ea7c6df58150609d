"""What a finished run leaves: model, receipt, figures and report."""

from __future__ import annotations

import io
import json
import platform
import re
from pathlib import Path

import matplotlib as mpl
import pytest
import safetensors.torch
import torch
from PIL import Image

from thumbnet import __version__
from thumbnet.evaluation.metrics import Evaluation
from thumbnet.files import sha256
from thumbnet.training.finish import final_weights, read_history
from thumbnet.training.run import Run
from thumbnet.training.setup import load_run_data, prepare_training
from thumbnet.training.testing import load_dataset
from tiny_runs import EVERYTHING, NUM_TEST, NUM_TRAIN, run_tiny, tiny_recipe, tree, write_pictures

FIGURES = ("confusion", "coverage", "curves", "mistakes", "reliability", "samples")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run with everything, figures included; no test changes it."""
    folder = tmp_path_factory.mktemp("finish")
    pictures = write_pictures(folder / "pictures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THUMBNET_HOME", str(folder / "home"))
        return run_tiny(tiny_recipe(pictures, EVERYTHING, seed=3), folder / "run")


def test_report_is_one_small_file_that_loads_nothing(run: Run) -> None:
    html = (run.folder / "report.html").read_text(encoding="utf-8")
    assert len(html) < 3_000_000
    loaded = re.findall(r"""(?:src|href|action|data)\s*=\s*["']([^"']*)""", html)
    assert len(loaded) >= len(FIGURES)
    assert all(link.startswith(("data:", "#")) for link in loaded)
    assert not re.search(r"@import|url\((?!['\"]?(data:|#))|<script[^>]+src|<link", html)
    assert "tiny, seed 3" in html
    assert "Most suspicious training labels" in html
    assert f"of\n{NUM_TRAIN - 9} training images" in html


def test_figures_are_whole_pictures(run: Run) -> None:
    names = sorted(path.name for path in (run.folder / "figures").iterdir())
    assert names == [f"{name}.png" for name in FIGURES]
    for name in names:
        with Image.open(io.BytesIO((run.folder / "figures" / name).read_bytes())) as picture:
            picture.load()
            low, high = picture.convert("L").getextrema()
        assert low < high


def test_drawing_leaves_matplotlib_as_it_was(tmp_path: Path, pictures: Path) -> None:
    before = dict(mpl.rcParams)
    run_tiny(tiny_recipe(pictures, epochs=1), tmp_path / "run")
    assert dict(mpl.rcParams) == before


def test_receipt_has_the_hashes_of_the_images(run: Run) -> None:
    data = load_run_data(run.recipe)
    test = load_dataset(run.recipe.data.name, "test", channels=1, size_px=8)
    assert data.validation is not None
    assert run.receipt["data"] == {
        "name": run.recipe.data.name,
        "num_train": NUM_TRAIN - 9,
        "train_hash": data.train.content_hash,
        "num_validation": 9,
        "validation_hash": data.validation.content_hash,
        "num_test": NUM_TEST,
        "test_hash": test.content_hash,
    }


def test_receipt_says_what_made_the_run(run: Run) -> None:
    receipt = run.receipt
    assert receipt["recipe"] == json.loads(run.recipe.model_dump_json())
    assert receipt["code"]["version"] == __version__
    assert receipt["libraries"]["torch"].partition("+")[0] == torch.__version__.partition("+")[0]
    assert receipt["libraries"]["python"] == platform.python_version()
    assert (receipt["hardware"]["device"], receipt["hardware"]["threads"]) == ("cpu", 1)
    assert (receipt["precision"], receipt["world_size"]) == ("fp32", 1)
    assert all(seconds >= 0 for seconds in receipt["times"].values())
    weights = safetensors.torch.load_file(run.folder / "model/model.safetensors")
    trained = sum(
        value.numel()
        for name, value in weights.items()
        if "running" not in name and "num_batches" not in name
    )
    assert receipt["parameters"] == trained


def test_receipt_has_one_opening_of_the_test_set(run: Run) -> None:
    (opening,) = run.receipt["test_openings"]
    assert opening["accuracy"] == run.result["test_accuracy"]
    assert opening["test_hash"] == run.receipt["data"]["test_hash"]
    assert opening["data"] == run.recipe.data.name
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", opening["at"])


def test_receipt_has_the_whole_evaluation(run: Run) -> None:
    evaluation = Evaluation.from_dict(run.receipt["results"]["test"])
    assert evaluation.num_images == NUM_TEST
    assert sum(map(sum, evaluation.confusion)) == NUM_TEST


def test_manifest_has_the_hashes_of_the_files(run: Run) -> None:
    manifest = json.loads((run.folder / "model/manifest.json").read_text(encoding="utf-8"))
    names = {"README.md", "config.json", "model.safetensors"}
    assert manifest["sha256"] == {name: sha256(run.folder / "model" / name) for name in names}


def test_card_says_what_the_model_is(run: Run) -> None:
    card = (run.folder / "model/README.md").read_text(encoding="utf-8")
    assert card.startswith("# tiny\n\nA `cnn` with")
    assert "bar, dot, ring" in card
    assert f"{run.result['test_accuracy']:.2%} (95 % interval" in card


def test_history_has_every_step_and_epoch(run: Run) -> None:
    history = read_history(run.folder)
    assert history["steps"] == list(range(1, 10))
    assert len(history["batch_losses"]) == 9
    assert [row["epoch"] for row in history["epochs"]] == [1, 2, 3]
    assert history["steps_per_epoch"] == 3


def test_nothing_temporary_stays(run: Run) -> None:
    expected = {
        *(".lock", "checkpoints", "figures", "metrics.jsonl", "model"),
        *("receipt.json", "recipe.toml", "report.html"),
    }
    assert {path.name for path in run.folder.iterdir()} == expected
    assert not [name for name in tree(run.folder.parent / "run") if name.endswith(".tmp")]


def test_kept_weights_are_the_best_epochs_else_the_average_else_the_last(pictures: Path) -> None:
    recipe = tiny_recipe(pictures, EVERYTHING)
    training, state = prepare_training(recipe, load_run_data(recipe), torch.device("cpu"))
    assert training.average is not None
    name = next(iter(training.average.mean))
    training.average.mean[name].fill_(2.0)
    assert bool((final_weights(training, state)[name] == 2).all())
    state.best_weights = {name: torch.full((1,), 3.0)}
    assert final_weights(training, state)[name].item() == 3
    training.average, state.best_weights = None, None
    assert torch.equal(final_weights(training, state)[name], training.model.state_dict()[name])
