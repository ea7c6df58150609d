from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from thumbnet.errors import ImageError, ModelError
from thumbnet.evaluation import classifier as module
from thumbnet.evaluation.classifier import Classifier, predict_logits
from thumbnet.images import fit_image
from thumbnet.models import build_model
from thumbnet.models.folder import (
    Architecture,
    ModelConfig,
    ModelInput,
    Views,
    save_model_folder,
)

NAMES = ("a", "b", "c")


def _config(channels: int = 1, **changes: object) -> ModelConfig:
    values = {"temperature": 1.5, "refusal_threshold": 0.0} | changes
    return ModelConfig(
        architecture=Architecture(name="mlp", arguments={"widths": [8]}),
        class_names=NAMES,
        input=ModelInput(channels=channels, size_px=8, scale=255.0, mean=(0.3,), std=(0.2,)),
        **values,  # type: ignore[arg-type]
    )


def _classifier(channels: int = 1, **changes: object) -> Classifier:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = build_model("mlp", (channels, 8, 8), 3, widths=[8])
    return Classifier(network.eval(), _config(channels, **changes), torch.device("cpu"))


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 1, 8, 8), dtype=np.uint8)


def _by_hand(classifier: Classifier, pictures: np.ndarray) -> list[list[float]]:
    """Return the probabilities of grey 8×8 pictures, one after the other."""
    rows = []
    for picture in pictures:
        values = (torch.from_numpy(picture).float() / 255 - 0.3) / 0.2
        with torch.no_grad():
            logits = classifier.network(values[None])[0].double() / 1.5
        exponentials = torch.exp(logits - logits.max())
        rows.append((exponentials / exponentials.sum()).tolist())
    return rows


def test_predictions_equal_a_slow_loop_in_order(pictures: np.ndarray) -> None:
    classifier = _classifier()
    predictions = classifier.predict(pictures)
    expected = _by_hand(classifier, pictures)
    assert len(predictions) == 5
    assert len({prediction.probability for prediction in predictions}) == 5
    for prediction, row in zip(predictions, expected, strict=True):
        assert list(prediction.probabilities) == list(NAMES)
        assert list(prediction.probabilities.values()) == pytest.approx(row, rel=1e-5)
        assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-6)
        assert prediction.label == NAMES[row.index(max(row))]
        assert prediction.probability == max(prediction.probabilities.values())


def test_prediction_cannot_be_changed(pictures: np.ndarray) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        _classifier().predict(pictures[0])[0].label = "c"  # type: ignore[misc]


@pytest.mark.parametrize(
    "form", ["(H, W)", "(H, W, C)", "(C, H, W)", "tensor", "PIL", "path", "text", "bytes", "view"]
)
def test_one_picture_may_have_any_form(pictures: np.ndarray, tmp_path: Path, form: str) -> None:
    picture = pictures[0, 0]
    image = Image.fromarray(picture)
    path = tmp_path / "picture.png"
    image.save(path)
    forms: dict[str, object] = {
        "(H, W)": picture,
        "(H, W, C)": picture[:, :, None],
        "(C, H, W)": picture[None],
        "tensor": torch.from_numpy(picture)[None],
        "PIL": image,
        "path": path,
        "text": str(path),
        "bytes": path.read_bytes(),
        "view": np.ascontiguousarray(picture[::-1, ::-1])[::-1, ::-1],
    }
    classifier = _classifier()
    expected = classifier.predict(pictures[:1])
    assert classifier.predict(forms[form]) == expected
    assert classifier.predict([forms[form]]) == expected


def test_sequences_may_mix_forms_and_keep_the_order(pictures: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.fromarray(pictures[1, 0]).save(path)
    classifier = _classifier()
    expected = classifier.predict(pictures[:4])
    mixed = (pictures[0, 0], path, Image.fromarray(pictures[2, 0]), torch.from_numpy(pictures[3]))
    assert classifier.predict(mixed) == expected
    assert classifier.predict(list(mixed)) == expected
    assert classifier.predict(torch.from_numpy(pictures[:4])) == expected


@pytest.mark.parametrize("form", ["(H, W, C)", "(C, H, W)", "PIL"])
def test_colour_picture_of_another_size_is_fitted_to_the_model(form: str) -> None:
    colour = np.random.default_rng(0).integers(0, 256, (11, 14, 3), dtype=np.uint8)
    forms = {
        "(H, W, C)": colour,
        "(C, H, W)": colour.transpose(2, 0, 1),
        "PIL": Image.fromarray(colour),
    }
    for channels in (1, 3):
        classifier = _classifier(channels)
        fitted = fit_image(colour, channels, 8)
        (found,) = classifier.predict(forms[form])
        (expected,) = classifier.predict(fitted[None])
        # Only the fitted picture is rounded to whole numbers.
        assert found.probabilities == pytest.approx(expected.probabilities, abs=0.002)
        assert found.seen is not None
        seen = found.seen.reshape(8, 8, channels).transpose(2, 0, 1)
        np.testing.assert_allclose(seen.astype(int), fitted.astype(int), rtol=0, atol=1)


@pytest.mark.parametrize("mode", ["1", "P", "RGBA", "CMYK"])
def test_pil_picture_of_any_mode_is_read(mode: str) -> None:
    picture = Image.new(mode, (8, 8))
    (prediction,) = _classifier(3).predict(picture)
    assert sum(prediction.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((8, 8)),
        np.zeros((8, 8), dtype=np.int64),
        torch.zeros(1, 8, 8),
        np.zeros((8, 8, 4), dtype=np.uint8),
        np.zeros(8, dtype=np.uint8),
        np.zeros((1, 1, 1, 8, 8), dtype=np.uint8),
        [np.zeros((2, 8, 8), dtype=np.uint8)],
        3,
        None,
        [None],
        {"a": 1},
    ],
)
def test_value_that_is_no_picture_is_a_model_error(wrong: object) -> None:
    with pytest.raises(ModelError, match=r"not a picture\n  got: (.|\n)*expected: uint8 \(H, W\)"):
        _classifier().predict(wrong)


def test_file_that_is_no_picture_is_an_image_error(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    for wrong in (tmp_path / "a.png", str(tmp_path / "missing.png"), b"no picture"):
        with pytest.raises(ImageError, match=r"a\.png|missing\.png|picture"):
            _classifier().predict(wrong)


@pytest.mark.parametrize("nothing", [[], (), np.zeros((0, 1, 8, 8), dtype=np.uint8)])
def test_no_pictures_give_no_predictions(nothing: object) -> None:
    assert _classifier().predict(nothing) == []


def test_answer_below_the_threshold_is_refused(pictures: np.ndarray) -> None:
    probabilities = [p.probability for p in _classifier().predict(pictures)]
    middle = sorted(probabilities)[2]
    refused = [p.refused for p in _classifier(refusal_threshold=middle).predict(pictures)]
    assert refused == [probability < middle for probability in probabilities]
    assert sum(refused) == 2
    assert not any(p.refused for p in _classifier(refusal_threshold=0.0).predict(pictures))


@pytest.mark.parametrize(
    "images",
    [
        torch.zeros(2, 1, 8, 8),
        torch.zeros(2, 3, 8, 8, dtype=torch.uint8),
        torch.zeros(2, 1, 8, 9, dtype=torch.uint8),
        torch.zeros(1, 8, 8, dtype=torch.uint8),
    ],
)
def test_logits_refuse_what_the_model_does_not_take(images: Tensor) -> None:
    with pytest.raises(ModelError, match=r"do not fit(.|\n)*torch\.uint8 \(N, 1, 8, 8\)"):
        _classifier().logits(images)


def test_logits_are_the_networks_own_in_batches_of_one_size(
    monkeypatch: pytest.MonkeyPatch, pictures: np.ndarray
) -> None:
    classifier = _classifier()
    images = torch.from_numpy(pictures)
    sizes: list[int] = []
    classifier.network.register_forward_hook(lambda _, inputs, __: sizes.append(len(inputs[0])))
    whole = classifier.logits(images)
    monkeypatch.setattr(module, "BATCH_SIZE", 2)
    torch.testing.assert_close(classifier.logits(images), whole)
    assert sizes == [5, 2, 2, 1]
    assert (whole.dtype, whole.requires_grad) == (torch.float32, False)
    assert classifier.logits(images[:0]).shape == (0, 3)


@pytest.mark.parametrize("training", [False, True])
def test_network_predicts_in_evaluation_mode_and_keeps_its_own(
    pictures: np.ndarray, training: bool
) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 3)).train(training)
    images = torch.from_numpy(pictures)
    first = predict_logits(network, images, _config(), torch.device("cpu"))
    assert torch.equal(predict_logits(network, images, _config(), torch.device("cpu")), first)
    assert network.training is training


def test_loaded_classifier_answers_as_the_saved_one(tmp_path: Path, pictures: np.ndarray) -> None:
    saved = _classifier()
    (tmp_path / "model").mkdir()
    save_model_folder(tmp_path / "model", saved.network.state_dict(), saved.config, "")
    for path in (tmp_path, str(tmp_path), tmp_path / "model"):
        assert Classifier.load(path).predict(pictures) == saved.predict(pictures)


def test_loading_from_nowhere_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the model does not exist"):
        Classifier.load(tmp_path / "nowhere")


def test_pil_picture_whose_file_is_cut_off_is_an_image_error(tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    Image.effect_noise((64, 64), 50).save(path)
    path.write_bytes(path.read_bytes()[:200])
    with Image.open(path) as image, pytest.raises(ImageError, match="damaged or cut off"):
        _classifier().predict(image)


def test_png_with_transparency_is_read_alike_from_bytes_and_pil() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 4), dtype=np.uint8)
    image = Image.fromarray(picture)
    buffer = io.BytesIO()
    image.save(buffer, "png")
    classifier = _classifier()
    assert classifier.predict(image) == classifier.predict(buffer.getvalue())


def test_answer_is_the_weighted_mean_over_the_views(pictures: np.ndarray) -> None:
    classifier = _classifier(views=Views(mirror=True, shift_px=1))
    images = torch.from_numpy(pictures)
    values = (images.float() / 255 - 0.3) / 0.2
    padded = torch.nn.functional.pad(values, (1, 1, 1, 1), mode="reflect")
    shown = {0.25: [values], 0.125: [padded[:, :, 2:, 2:], padded[:, :, :-2, :-2]]}
    with torch.no_grad():
        expected = sum(
            weight * (classifier.network(view) + classifier.network(view.flip(3)))
            for weight, views in shown.items()
            for view in views
        )
    torch.testing.assert_close(classifier.logits(images), expected)
    assert classifier.config.views.count == 6
