"""Why an answer: the maps of two classes, what is said of them, and the page and the picture."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from thumbnet.datasets.mnist import load_mnist
from thumbnet.errors import ModelError, OutputError, ThumbnetError
from thumbnet.evaluation.answering import Answering
from thumbnet.evaluation.classifier import Classifier
from thumbnet.inference.locate import bundled_model
from thumbnet.inspection.evidence_place import HALVES, QUARTERS, EvidencePlace
from thumbnet.inspection.explanation import (
    Explanation,
    contrast_maps,
    explain_picture,
    runner_up,
)
from thumbnet.inspection.explanation_page import method_maps, write_explanation
from thumbnet.inspection.explanation_words import (
    PLACES,
    WORDS,
    describe_classes,
    describe_evidence,
    describe_refusal,
)
from thumbnet.models.folder import Architecture, ModelConfig, ModelInput, Views
from thumbnet.models.registry import build_model

FOUR = 247  # of MNIST's test images: a 4 that could be a 2


@pytest.fixture(scope="module")
def digits() -> Classifier:
    return Classifier.load(bundled_model().with_suffix(""))


@pytest.fixture(scope="module")
def four() -> np.ndarray:
    return load_mnist("test").images[FOUR].numpy()


@pytest.fixture(scope="module")
def explanation(digits: Classifier, four: np.ndarray) -> Explanation:
    return explain_picture(digits, four)


@pytest.fixture(scope="module")
def colours() -> Classifier:
    """A network for coloured pictures, with views, a temperature and names from outside."""
    torch.manual_seed(0)
    config = ModelConfig(
        architecture=Architecture(name="cnn", arguments={"widths": [4, 4]}),
        class_names=("<b>cat</b>", "dog & co", '"bird"'),
        input=ModelInput(channels=3, size_px=12, scale=255.0, mean=(0.4, 0.5, 0.6), std=(0.2,)),
        views=Views(mirror=True, shift_px=1),
        temperature=0.25,
        refusal_threshold=0.9999,
    )
    arguments = config.architecture.arguments
    network = build_model("cnn", config.input.shape, config.num_outputs, **arguments)
    return Classifier(network.eval(), config, torch.device("cpu"))


@pytest.fixture
def photo() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (30, 20, 3), dtype=np.uint8)


def test_answer_is_that_of_predict_and_is_compared_with_the_runner_up(
    digits: Classifier, four: np.ndarray, explanation: Explanation
) -> None:
    (prediction,) = digits.predict(four)
    assert explanation.prediction == prediction
    ranked = sorted(prediction.probabilities, key=lambda name: -prediction.probabilities[name])
    assert (prediction.label, explanation.other) == tuple(ranked[:2]) == ("4", "2")
    assert runner_up(prediction) == "2"
    assert explanation.other_is_runner_up
    assert explanation.threshold == digits.config.refusal_threshold
    assert explanation.is_white_ink


def test_difference_of_the_maps_adds_up_to_the_logarithm_of_the_ratio(
    digits: Classifier, explanation: Explanation
) -> None:
    shares = explanation.prediction.probabilities
    black = digits.predict(np.zeros((28, 28), np.uint8))[0].probabilities
    expected = np.log(shares["4"] / shares["2"]) - np.log(black["4"] / black["2"])
    maps = explanation.maps.gradients
    total = float((maps[0] - maps[1]).sum())
    assert total - explanation.completeness_error == pytest.approx(expected, abs=1e-3)
    assert abs(explanation.completeness_error) < 0.1


def test_occlusion_asks_for_logits_over_temperature_of_all_views(
    colours: Classifier, photo: np.ndarray
) -> None:
    explanation = explain_picture(colours, photo)
    maps, seen = explanation.maps, explanation.prediction.seen
    assert (maps.window_px, maps.stride_px) == (2, 1)
    assert seen is not None
    assert seen.shape == (12, 12, 3)
    pixels = torch.tensor(seen).permute(2, 0, 1)[None].float()
    hidden = pixels.clone()
    hidden[0, :, 0:2, 0:2] = maps.empty[0][:, None, None]
    answering = Answering(colours.network, colours.config)
    with torch.no_grad():
        drop = (answering.logits(pixels) - answering.logits(hidden))[0] / 0.25
    label = colours.config.class_names.index(explanation.prediction.label)
    # Only one window covers the corner.
    torch.testing.assert_close(maps.occlusion[0, 0, 0, 0], drop[label], rtol=1e-3, atol=1e-4)


def test_maps_of_several_pictures_are_those_of_each(digits: Classifier) -> None:
    images = load_mnist("test").images[:3]
    first, second = torch.tensor([7, 2, 1]), torch.tensor([9, 1, 7])
    together = contrast_maps(digits, images, first, second, num_steps=4)
    assert together.occlusion.shape == together.gradients.shape == (2, 3, 28, 28)
    assert together.errors.shape == (2, 3)
    assert (together.window_px, together.stride_px) == (5, 2)
    one = contrast_maps(digits, images[2:], [1], [7], num_steps=4)
    for name in ("occlusion", "gradients", "errors"):
        found, expected = getattr(together, name)[:, 2:], getattr(one, name)
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_another_class_is_compared_with_if_asked_for(digits: Classifier, four: np.ndarray) -> None:
    explanation = explain_picture(digits, four, against="9")
    assert explanation.other == "9"
    assert not explanation.other_is_runner_up
    assert explain_picture(digits, four, against="4").other == "2"


def test_class_that_is_none_and_several_pictures_are_refused(digits: Classifier) -> None:
    with pytest.raises(ModelError, match="no such class\n  got: nine\n  expected: one of: 0, 1"):
        explain_picture(digits, "nowhere.png", against="nine")
    with pytest.raises(ModelError, match="one picture is explained at a time\n  got: 2 pictures"):
        explain_picture(digits, np.zeros((2, 1, 28, 28), np.uint8))


def test_fields_are_json(explanation: Explanation) -> None:
    fields = explanation.to_dict()
    assert json.loads(json.dumps(fields, allow_nan=False)) == fields
    assert (fields["label"], fields["other"]) == ("4", "2")
    by_occlusion, by_gradients = explanation.places
    for key, place in (("occlusion", by_occlusion), ("integrated_gradients", by_gradients)):
        assert (fields[key]["part"], fields[key]["share"]) == (place.part, place.share)
    assert fields["occlusion"]["window_px"] == 5
    assert fields["integrated_gradients"]["num_steps"] == 128


def with_maps(explanation: Explanation, occlusion: str, gradients: str) -> Explanation:
    """Return an explanation whose evidence is all where two words say, within the ink's box."""
    box = {"left": 0, "right": 27, "upper": 0, "lower": 27}

    def make(part: str) -> torch.Tensor:
        maps = torch.zeros(2, 1, 28, 28)
        if part == "spread":
            maps[0, 0] = 1.0
        elif part != "none":
            row, column = part.split("-")
            maps[0, 0, box[row], box[column]] = 1.0
        return maps

    seen = np.full((28, 28), 255, np.uint8)
    return dataclasses.replace(
        explanation,
        prediction=dataclasses.replace(explanation.prediction, seen=seen),
        maps=dataclasses.replace(
            explanation.maps, occlusion=make(occlusion), gradients=make(gradients)
        ),
    )


@pytest.mark.parametrize(
    ("occlusion", "gradients", "english", "chinese"),
    [
        (
            "upper-left",
            "upper-left",
            "Most of what speaks for 4 rather than 2 lies in the upper left of the ink (100% by "
            "occlusion, 100% by integrated gradients).",
            "支持 4 而非 2 的依据大部分在笔迹的左上部（遮挡法 100%，积分梯度 100%）。",
        ),
        (
            "spread",
            "spread",
            "What speaks for 4 rather than 2 is spread over the ink.",
            "支持 4 而非 2 的依据分散在整个笔迹上。",
        ),
        (
            "none",
            "lower-right",
            "By occlusion, what speaks for 4 rather than 2 is nowhere in the ink; by integrated "
            "gradients, most of it lies in the lower right of the ink (100%).",
            "按遮挡法，支持 4 而非 2 的依据在笔迹上没有；"
            "按积分梯度，它大部分在笔迹的右下部（100%）。",
        ),
    ],
)
def test_sentence_says_what_the_maps_say_and_no_more(
    explanation: Explanation, occlusion: str, gradients: str, english: str, chinese: str
) -> None:
    changed = with_maps(explanation, occlusion, gradients)
    assert describe_evidence(changed) == english
    assert describe_evidence(changed, "zh") == chinese


def test_both_languages_have_every_word_and_place() -> None:
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    for key, text in WORDS["en"].items():
        fields = (sorted(re.findall(r"{\w+}", each)) for each in (text, WORDS["zh"][key]))
        assert next(fields) == next(fields)
    for places in PLACES.values():
        assert set(places) == {*QUARTERS, *HALVES}
    assert EvidencePlace("spread", 1.0).is_named is False


def test_classes_and_refusal_are_said(explanation: Explanation, colours: Classifier) -> None:
    assert describe_classes(explanation) == ("4 (88.1%)", "runner-up: 2 (8.4%)")
    assert describe_refusal(explanation) == (
        "Not refused: the score is 0.72; below 0.40 it is refused."
    )
    rare = dataclasses.replace(explanation, other="8")
    assert describe_classes(rare)[1].startswith("compared with: 8 (0.1%)")
    assert describe_classes(rare, "zh")[1] == "相比较的类别：8 (0.1%)"
    refused = explain_picture(colours, np.zeros((12, 12, 3), np.uint8))
    assert describe_refusal(refused).startswith("Refused: the score is")
    assert describe_refusal(refused, "zh").startswith("已拒绝：得分")


def test_unknown_language_is_refused(explanation: Explanation, tmp_path: Path) -> None:
    for call in (
        lambda: describe_evidence(explanation, "fr"),
        lambda: write_explanation(explanation, tmp_path / "x.html", language="fr"),
    ):
        with pytest.raises(ThumbnetError, match="language\n  got: fr\n  expected: en or zh"):
            call()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_page_shows_seven_pictures_and_loads_nothing(
    explanation: Explanation, tmp_path: Path, language: str
) -> None:
    path = tmp_path / "page.html"
    write_explanation(explanation, path, name="four.png", language=language)
    html = path.read_text(encoding="utf-8")
    sources = re.findall(r'src="([^"]*)"', html)
    assert len(sources) == 7
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not re.search(r"<script|<link|https?:|url\(|@import", html)
    assert describe_evidence(explanation, language) in html
    assert "four.png" in html
    assert len(html) < 100_000
    again = tmp_path / "again.html"
    write_explanation(explanation, again, name="four.png", language=language)
    assert again.read_bytes() == path.read_bytes()


def test_everything_from_outside_is_escaped(
    colours: Classifier, photo: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    attack = "<script>alert(1)</script>"
    write_explanation(explain_picture(colours, photo), path, name=attack)
    html = path.read_text(encoding="utf-8")
    assert "<b>" not in html
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    # The middle between the model's mean colours: a photo has no paper.
    assert "Empty means: the colour 102, 128, 153" in html


def test_picture_is_a_png_of_equal_bytes(explanation: Explanation, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.png", "two.PNG")]
    for path in paths:
        write_explanation(explanation, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with Image.open(paths[0]) as picture:
        assert picture.size == (1280, 960)
        assert len(np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)) > 300


def test_picture_is_in_english_where_no_font_has_chinese(
    explanation: Explanation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thumbnet.inspection.explanation_page.has_chinese_font", lambda: False)
    write_explanation(explanation, tmp_path / "zh.png", language="zh")
    write_explanation(explanation, tmp_path / "en.png")
    assert (tmp_path / "zh.png").read_bytes() == (tmp_path / "en.png").read_bytes()


def test_colours_say_which_class_a_place_speaks_for(explanation: Explanation) -> None:
    changed = with_maps(explanation, "upper-left", "lower-right")
    by_occlusion, by_gradients = method_maps(changed)
    for_four, for_two, rather = (overlay[0, 0] for overlay in by_occlusion.overlays)
    assert for_four.tolist() == rather.tolist() == [0x00, 0x72, 0xB2]
    assert len(set(for_two.tolist())) == 1
    assert by_gradients.overlays[0][27, 27].tolist() == [0x00, 0x72, 0xB2]
    assert by_occlusion.captions == ["for 4", "for 2", "for 4 rather than 2"]


@pytest.mark.parametrize("name", ["x.pdf", "x", "folder.html"])
def test_other_forms_are_refused(explanation: Explanation, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(OutputError, match=r"expected: a \.html or \.png file"):
        write_explanation(explanation, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.html"]
