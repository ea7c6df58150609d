from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import stand_in
from onnx import TensorProto, helper
from PIL import Image

from thumbnet.errors import ImageError, ModelError, ThumbnetError
from thumbnet.inference import Recogniser
from thumbnet.inference.model_file import seal
from thumbnet.prediction import Prediction


def _load(folder: Path, made: onnx.ModelProto | None = None, **changes: Any) -> Recogniser:
    path = folder / "stand-in.onnx"
    path.write_bytes(stand_in.sealed(made, **changes))
    return Recogniser.load(path, threads=1)


@pytest.fixture
def recogniser(tmp_path: Path) -> Recogniser:
    return _load(tmp_path)


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (9, 6, 5), dtype=np.uint8)


def _by_hand(picture: np.ndarray) -> Prediction:
    light = float(picture.mean()) / 255
    rows = {"dark": 1 - light, "light": light}
    label = max(rows, key=rows.__getitem__)
    refused = rows[label] < stand_in.THRESHOLD
    return Prediction(label, rows[label], rows, refused, rows[label])


def _assert_close(found: list[Prediction], expected: list[Prediction]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert (one.label, one.refused) == (other.label, other.refused)
        assert one.probability == pytest.approx(other.probability, rel=1e-5)
        assert one.probabilities == pytest.approx(other.probabilities, rel=1e-5)
        assert one.score == pytest.approx(other.score, rel=1e-5)


def test_predictions_equal_a_slow_loop_in_order(
    recogniser: Recogniser, pictures: np.ndarray
) -> None:
    shown = pictures // 4
    shown[::3] += 191
    shown[1::3] += 80
    expected = [_by_hand(picture) for picture in shown]
    assert {prediction.label for prediction in expected} == {"dark", "light"}
    assert {prediction.refused for prediction in expected} == {True, False}
    for batch_size in (1, 4, 64):
        _assert_close(recogniser.predict(shown, batch_size=batch_size), expected)
        _assert_close(recogniser.predict(list(shown), batch_size=batch_size), expected)


def test_pictures_of_many_shapes_and_forms_keep_their_order(
    recogniser: Recogniser, tmp_path: Path
) -> None:
    random = np.random.default_rng(1)
    sizes = [(4, 6), (9, 2), (4, 6), (4, 6, 3), (9, 2), (4, 6, 3), (1, 1)] * 3
    arrays = [random.integers(0, 256, size, dtype=np.uint8) for size in sizes]
    images: list[Any] = list(arrays)
    images[1] = Image.fromarray(arrays[1])
    images[2] = tmp_path / "a.png"
    Image.fromarray(arrays[2]).save(images[2])
    file = io.BytesIO()
    Image.fromarray(arrays[3]).save(file, "png")
    images[3] = file.getvalue()
    expected = [_by_hand(array) for array in arrays]
    _assert_close(recogniser.predict(images), expected)
    _assert_close(recogniser.predict(iter(images), batch_size=2), expected)


def test_values_are_pythons_own_and_seen_is_what_the_network_saw(
    recogniser: Recogniser, pictures: np.ndarray
) -> None:
    for picture, prediction in zip(pictures, recogniser.predict(pictures), strict=True):
        assert type(prediction.label) is str
        assert type(prediction.probability) is type(prediction.score) is float
        assert type(prediction.refused) is bool
        assert list(prediction.probabilities) == list(recogniser.class_names)
        json.dumps(prediction.probabilities, allow_nan=False)
        assert prediction.seen is not None
        assert (prediction.seen.shape, prediction.seen.dtype) == ((28, 28), np.uint8)
        assert abs(int(prediction.seen[0, 0]) - float(picture.mean())) <= 1
        assert "seen" not in repr(prediction)


def test_colour_recogniser_sees_colour(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    (prediction,) = _load(tmp_path, channels=3).predict(picture)
    assert prediction.seen is not None
    assert prediction.seen.shape == (8, 8, 3)


def test_no_pictures_give_no_predictions(recogniser: Recogniser) -> None:
    assert recogniser.predict([]) == []
    assert recogniser.predict(np.zeros((0, 5, 5), np.uint8)) == []


def test_wrong_picture_is_an_image_error_that_names_it(recogniser: Recogniser) -> None:
    good = np.zeros((5, 5), np.uint8)
    with pytest.raises(ImageError, match=r"'images\[2\]' is not a picture"):
        recogniser.predict([good, good, good.astype(float)])


def test_batch_size_and_threads_below_one_are_errors(
    recogniser: Recogniser, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="batch is too small\n  got: 0"):
        recogniser.predict([], batch_size=0)
    with pytest.raises(ModelError, match="too few threads\n  got: 0"):
        Recogniser.load(tmp_path / "stand-in.onnx", threads=0)


def test_recogniser_says_what_the_file_says(recogniser: Recogniser) -> None:
    assert recogniser.class_names == ("dark", "light")
    assert recogniser.metadata == stand_in.metadata()
    assert len(recogniser.sha256) == 64


def test_run_gives_arrays(recogniser: Recogniser, pictures: np.ndarray) -> None:
    answers = recogniser.run(pictures[:, :, :, None])
    forms = {name: (value.dtype.name, value.shape) for name, value in vars(answers).items()}
    assert forms == {
        "label": ("int64", (9,)),
        "probability": ("float32", (9,)),
        "probabilities": ("float32", (9, 2)),
        "refused": ("bool", (9,)),
        "score": ("float32", (9,)),
        "seen": ("uint8", (9, 28, 28)),
    }
    turned = np.asfortranarray(pictures[:, :, :, None])
    np.testing.assert_array_equal(recogniser.run(turned).probability, answers.probability)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((1, 5, 5), np.uint8),
        np.zeros((1, 5, 5, 2), np.uint8),
        np.zeros((1, 5, 5, 1), np.float32),
        np.zeros((0, 5, 5, 1), np.uint8),
        np.zeros((1, 0, 5, 1), np.uint8),
        [[1]],
    ],
)
def test_pixels_of_another_form_are_an_image_error(recogniser: Recogniser, pixels: Any) -> None:
    with pytest.raises(ImageError, match=r"of the wrong form\n  got: (.|\n)*uint8 \(N, H, W, 1"):
        recogniser.run(pixels)


def test_threads_share_a_recogniser(recogniser: Recogniser, pictures: np.ndarray) -> None:
    expected = recogniser.predict(pictures)
    found: list[list[Prediction]] = []
    threads = [
        threading.Thread(target=lambda: found.append(recogniser.predict(pictures)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def _with_node(place: int, *nodes: onnx.NodeProto) -> onnx.ModelProto:
    """Return the stand-in with nodes instead of the one at ``place``."""
    made = stand_in.model()
    others = list(made.graph.node)
    del made.graph.node[:]
    made.graph.node.extend([*others[:place], *nodes, *others[place + 1 :]])
    return made


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (_with_node(9, helper.make_node("Neg", ["probability"], ["score"])), "not from 0 to 1"),
        (_with_node(2, helper.make_node("Sub", ["mean", "full"], ["light"])), "not from 0 to 1"),
        (
            _with_node(
                2,
                helper.make_node("Sub", ["mean", "mean"], ["nought"]),
                helper.make_node("Div", ["nought", "nought"], ["light"]),
            ),
            "not from 0 to 1",
        ),
        (
            _with_node(7, helper.make_node("Cast", ["mean"], ["label"], to=TensorProto.INT64)),
            "labels without a class name",
        ),
        (_with_node(7, helper.make_node("Squeeze", ["axes"], ["label"])), "of another form"),
    ],
)
def test_answers_that_mean_nothing_are_model_errors(
    tmp_path: Path, made: onnx.ModelProto, words: str
) -> None:
    with pytest.raises(ModelError, match=rf"answers that mean nothing\n  got: .*{words}"):
        _load(tmp_path, made).predict(np.full((5, 5), 7, np.uint8))


def test_graph_that_cannot_be_loaded_is_a_quiet_model_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = _with_node(9, helper.make_node("Nonsense", ["probability"], ["score"]))
    with pytest.raises(ModelError, match=r"stand-in\.onnx' cannot be loaded\n  got: .*Nonsense"):
        _load(tmp_path, made)
    broken = stand_in.model()
    broken.graph.node[0].output[0] = "a"
    with pytest.raises(ModelError, match="cannot be loaded"):
        _load(tmp_path, broken)
    assert capfd.readouterr() == ("", "")


def test_graph_that_cannot_run_is_a_model_error(tmp_path: Path) -> None:
    made = _with_node(9, helper.make_node("Reshape", ["probability", "axes"], ["score"]))
    with pytest.raises(ModelError, match=r"cannot answer\n  got: .*Reshape"):
        _load(tmp_path, made).predict(np.full((5, 5), 7, np.uint8))


def test_two_hundred_resealed_changes_are_refused_or_harmless(tmp_path: Path) -> None:
    """Whoever can change a file can seal it again; then only the structure protects."""
    body = stand_in.model().SerializeToString()
    path = tmp_path / "changed.onnx"
    random = np.random.default_rng(0)
    shown = np.arange(60, dtype=np.uint8).reshape(2, 5, 6)
    num_refused = 0
    for place in random.integers(0, len(body), 200):
        changed = bytearray(body)
        changed[place] ^= int(random.integers(1, 256))
        path.write_bytes(seal(bytes(changed)))
        try:
            predictions = Recogniser.load(path, threads=1).predict(shown)
        except ThumbnetError:
            num_refused += 1
            continue
        assert len(predictions) == 2
        json.dumps([prediction.probabilities for prediction in predictions], allow_nan=False)
    assert 0 < num_refused < 200


def test_recognising_imports_neither_torch_nor_onnx(tmp_path: Path) -> None:
    path = tmp_path / "stand-in.onnx"
    path.write_bytes(stand_in.sealed())
    Image.new("L", (9, 9), 200).save(tmp_path / "a.png")
    program = (
        "import sys, thumbnet.inference\n"
        "light = {'numpy', 'onnxruntime', 'PIL'} & sys.modules.keys()\n"
        "found = thumbnet.inference.Recogniser.load(sys.argv[1]).predict(sys.argv[2])\n"
        "heavy = {'torch', 'onnx', 'pydantic', 'scipy'} & sys.modules.keys()\n"
        "print(found[0].label, light, heavy)\n"
    )
    command = [sys.executable, "-c", program, str(path), str(tmp_path / "a.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("light set() set()\n", "")
