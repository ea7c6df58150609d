"""What ``import thumbnet`` gives: few names, each of them there, none of them heavy."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import thumbnet
from thumbnet.prediction import Prediction
from thumbnet.training.run import Run
from tiny_runs import RESULT_KEYS, run_tiny, tiny_recipe, write_pictures, write_recipe


@pytest.fixture(autouse=True)
def _no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thumbnet.training.finish.write_figures_and_report", lambda *_: None)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "pictures")


def test_every_public_name_is_there_and_explained() -> None:
    for name in thumbnet.__all__:
        value = getattr(thumbnet, name)
        if name != "__version__":
            assert inspect.getdoc(value)


def test_names_are_listed_in_order() -> None:
    assert dir(thumbnet) == thumbnet.__all__ == sorted(thumbnet.__all__)
    assert set(thumbnet._HOMES) == set(thumbnet.__all__) - {"load", "__version__"}


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'thumbnet' has no attribute 'trian'"):
        _ = thumbnet.trian
    assert not hasattr(thumbnet, "trian")


def test_train_test_load_and_predict(tmp_path: Path, pictures: Path) -> None:
    recipe = write_recipe(tmp_path / "tiny.toml", tiny_recipe(pictures, epochs=20))
    run = thumbnet.train(recipe, out=tmp_path / "run", seed=1, progress=False)
    assert isinstance(run, thumbnet.Run)
    assert list(run.result) == RESULT_KEYS
    evaluation = run.test()
    assert isinstance(evaluation, thumbnet.Evaluation)
    assert evaluation.accuracy == run.result["test_accuracy"] == 1.0

    classifier = thumbnet.load(run.folder)
    assert isinstance(classifier, thumbnet.Classifier)
    path = pictures / "ring/0.png"
    with Image.open(path) as picture:
        pixels = np.asarray(picture)
    for form in (path, str(path), pixels, pixels[None], [path], pixels[None, None]):
        (prediction,) = classifier.predict(form)
        assert isinstance(prediction, Prediction)
        assert prediction.label == "ring"


def test_resume_and_test_are_functions_too(tmp_path: Path, pictures: Path) -> None:
    run = run_tiny(tiny_recipe(pictures), tmp_path / "run")
    resumed = thumbnet.resume(run.folder, progress=False)
    assert isinstance(resumed, Run)
    assert resumed.result == run.result
    assert thumbnet.test(run.folder / "model").accuracy == run.result["test_accuracy"]


def test_errors_have_one_root(tmp_path: Path) -> None:
    for call in (
        lambda: thumbnet.load(tmp_path),
        lambda: thumbnet.resume(tmp_path),
        lambda: thumbnet.train("nothing"),
        lambda: thumbnet.load_recipe("nothing"),
        lambda: thumbnet.build_model("nothing", (1, 8, 8), 2),
        lambda: thumbnet.load_dataset("nothing", "train", channels=1, size_px=8),
    ):
        with pytest.raises(thumbnet.ThumbnetError):
            call()
