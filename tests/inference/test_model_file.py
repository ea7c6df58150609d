from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import stand_in
from onnx import TensorProto, helper
from PIL import Image

from thumbnet.errors import ModelError
from thumbnet.inference import metadata as metadata_module
from thumbnet.inference import model_file as module
from thumbnet.inference.model_file import SEAL_BYTES, read_model_file, seal


def test_file_says_what_it_holds(tmp_path: Path) -> None:
    content = stand_in.sealed()
    path = tmp_path / "digits.onnx"
    path.write_bytes(content)
    for source in (content, path, str(path)):
        found = read_model_file(source)
        assert found.content == content
        assert found.metadata == stand_in.metadata()
        assert found.class_names == ("dark", "light")
        assert (found.channels, found.size_px, found.frame, found.opset) == (1, 28, "mnist", 18)
        assert found.sha256 == hashlib.sha256(content[:-SEAL_BYTES]).hexdigest()


def test_colour_file_shows_colour() -> None:
    found = read_model_file(stand_in.sealed(channels=3))
    assert (found.channels, found.size_px, found.frame) == (3, 8, "resize")


def test_sealed_file_is_plain_onnx_with_one_more_entry() -> None:
    body = stand_in.model().SerializeToString()
    parsed = onnx.load_from_string(seal(body))
    onnx.checker.check_model(parsed)
    entries = {entry.key: entry.value for entry in parsed.metadata_props}
    assert list(entries) == ["thumbnet", "thumbnet.sha256"]
    assert entries["thumbnet.sha256"] == hashlib.sha256(body).hexdigest()
    assert parsed.SerializeToString() == seal(body)


def test_sealing_twice_is_an_error() -> None:
    with pytest.raises(ModelError, match="sealed already"):
        seal(stand_in.sealed())


def test_missing_file_folder_and_unreadable_path_are_errors(tmp_path: Path) -> None:
    for path, words in (
        (tmp_path / "none.onnx", r"none\.onnx' does not exist\n  got: "),
        (tmp_path, "is a folder(.|\n)*fix: thumbnet export "),
        (tmp_path / ("x" * 300), "cannot be read: File name too long"),
        ("a\0b", r"the model (cannot be read|'a.b' does not exist)"),
        (Path("/dev/null"), "null' is not a file"),
    ):
        with pytest.raises(ModelError, match=words):
            read_model_file(path)


def test_empty_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"")
    with pytest.raises(
        ModelError, match=r"a\.onnx' is empty\n  got: 0 bytes\n  expected: an .onnx"
    ):
        read_model_file(tmp_path / "a.onnx")


def test_oversized_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(stand_in.sealed())
    monkeypatch.setattr(module, "MAX_MODEL_BYTES", 1000)
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("it was opened"))
    for source in (path, stand_in.sealed()):
        with pytest.raises(ModelError, match=r"too large(.|\n)*expected: at most 1,000 bytes"):
            read_model_file(source)


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "BMP", "GIF", "PPM"])
def test_picture_is_no_model(tmp_path: Path, format_name: str) -> None:
    path = tmp_path / "seven.onnx"
    Image.effect_noise((28, 28), 50).save(path, format_name)
    with pytest.raises(ModelError, match=r"seven\.onnx' is not an ONNX file\n  got: .*begin with"):
        read_model_file(path)


@pytest.mark.parametrize("content", [b"a", b"\x08", b"hello, world", b"[1, 2]", bytes(500)])
def test_text_and_noise_are_no_model(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"is not an ONNX file|damaged"):
        read_model_file(content)


def test_foreign_onnx_file_is_named_as_one() -> None:
    made = stand_in.model()
    del made.metadata_props[:]
    with pytest.raises(ModelError, match=r"not a recogniser that thumbnet export wrote(.|\n)*fix:"):
        read_model_file(made.SerializeToString())


def test_every_truncation_is_refused() -> None:
    content = stand_in.sealed()
    for length in range(1, len(content)):
        with pytest.raises(ModelError, match=r"damaged|not an ONNX|thumbnet export wrote"):
            read_model_file(content[:length])


@pytest.mark.parametrize("addition", [b"\n", b"\0", b"\x30\x01", b"\x32\x00"])
def test_addition_is_refused(addition: bytes) -> None:
    with pytest.raises(ModelError, match="changed or damaged"):
        read_model_file(stand_in.sealed() + addition)


def test_thousand_changed_bytes_are_each_refused() -> None:
    content = stand_in.sealed()
    random = np.random.default_rng(0)
    places = random.integers(0, len(content), 1000)
    for place, change in zip(places, random.integers(1, 256, 1000), strict=True):
        changed = bytearray(content)
        changed[place] ^= change
        with pytest.raises(ModelError, match=r"damaged|not an ONNX|thumbnet export wrote"):
            read_model_file(bytes(changed))


def test_change_within_the_weights_is_told_as_damage() -> None:
    content = bytearray(stand_in.sealed())
    content[len(content) // 2] ^= 1
    with pytest.raises(ModelError, match="changed or damaged\n  got: its SHA-256"):
        read_model_file(bytes(content))


def _entry(text: str) -> Callable[[onnx.ModelProto], None]:
    def change(made: onnx.ModelProto) -> None:
        made.metadata_props[0].value = text

    return change


def _refused(change: Callable[[onnx.ModelProto], object], match: str) -> None:
    made = stand_in.model()
    change(made)
    with pytest.raises(ModelError, match=match) as caught:
        read_model_file(stand_in.sealed(made))
    assert caught.value.expected


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", '{"format": NaN}', "[" * 100_000, '{"a": "\\ud800"}', '{"format": 1e999}'],
)
def test_metadata_that_is_no_json_object_is_refused(text: str) -> None:
    _refused(_entry(text), "metadata that cannot be used|format that this version")


@pytest.mark.parametrize("version", [0, 2, 1.0, True, "1", None])
def test_other_format_is_refused(version: object) -> None:
    text = json.dumps(stand_in.metadata(format=version))
    _refused(_entry(text), "format that this version does not know(.|\n)*pip install --upgrade")


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("thumbnet_version", [1, None]),
        ("class_names", [[], ["a"], ["a", "a"], ["a", ""], ["a", 1], "ab", {"a": 0, "b": 1}]),
        ("class_names", [[str(number) for number in range(10_001)]]),
        ("input", [None, [1, 28, "mnist"]]),
        ("temperature", [0, -1, "1", True, None, 10**400, 1e7]),
        ("refusal_threshold", [-0.1, 1.1, "0", None, False]),
        ("recipe", [[], "mnist"]),
        ("trained_on", [None, []]),
        ("model_sha256", ["", "g" * 64, "0" * 63, 0]),
        ("opset", ["18", 18.0, None]),
        ("certificate", [None, 1.0]),
        ("card", [None, {}]),
        ("made", [None, 0]),
    ],
)
def test_metadata_of_another_kind_is_refused(key: str, values: list[Any]) -> None:
    for value in values:
        text = json.dumps(stand_in.metadata(**{key: value}))
        _refused(_entry(text), f"got: '{key}' is ")
    missing = stand_in.metadata()
    del missing[key]
    _refused(_entry(json.dumps(missing)), f"got: no '{key}'")


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("channels", [0, 2, 4, "1", 1.0, True]),
        ("size_px", [0, -1, 4097, 28.0, "28"]),
        ("frame", ["crop", None, []]),
    ],
)
def test_input_of_another_kind_is_refused(key: str, values: list[Any]) -> None:
    right = stand_in.metadata()["input"]
    for value in values:
        text = json.dumps(stand_in.metadata(input=right | {key: value}))
        _refused(_entry(text), rf"got: 'input\.{key}' is ")


def test_metadata_of_too_many_characters_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata_module, "MAX_METADATA_CHARACTERS", 100)
    _refused(lambda _: None, "metadata that cannot be used\n  got: .* characters")


def test_unknown_keys_of_the_metadata_are_kept() -> None:
    text = json.dumps(stand_in.metadata(colour="blue"))
    made = stand_in.model()
    _entry(text)(made)
    assert read_model_file(stand_in.sealed(made)).metadata["colour"] == "blue"


def test_number_of_probabilities_must_be_that_of_the_names() -> None:
    text = json.dumps(stand_in.metadata(class_names=["a", "b", "c"]))
    _refused(_entry(text), "does not know as many classes(.|\n)*got: 2 probabilities, 3 names")


def _retyped(place: int, element_type: int) -> Callable[[onnx.ModelProto], None]:
    def change(made: onnx.ModelProto) -> None:
        made.graph.output[place].type.tensor_type.elem_type = element_type

    return change


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda made: setattr(made.graph.input[0], "name", "image"), "inputs"),
        (lambda made: made.graph.input.append(made.graph.input[0]), "inputs"),
        (lambda made: made.graph.ClearField("input"), "inputs(.|\n)*got: none"),
        (lambda made: made.graph.input[0].type.tensor_type.shape.dim.add(), "inputs"),
        (lambda made: made.graph.output.pop(), "outputs"),
        (lambda made: made.graph.output.reverse(), "outputs"),
        (lambda made: setattr(made.graph.output[0], "name", "digit"), "outputs"),
        (lambda made: made.graph.output[1].type.tensor_type.shape.dim.add(), "outputs"),
        (_retyped(0, TensorProto.INT32), "outputs(.|\n)*label element type 6"),
        (_retyped(2, TensorProto.DOUBLE), "outputs"),
        (lambda made: made.graph.output[5].type.tensor_type.shape.dim.pop(), "outputs"),
    ],
)
def test_other_inputs_and_outputs_are_refused(
    change: Callable[[onnx.ModelProto], object], what: str
) -> None:
    _refused(change, f"has other {what}")


def test_outputs_of_no_tensor_or_shape_are_refused() -> None:
    tensor = helper.make_tensor_type_proto(TensorProto.INT64, ["N"])
    sequence = helper.make_sequence_type_proto(tensor)
    _refused(lambda made: made.graph.output[0].type.CopyFrom(sequence), "input or output of an")
    _refused(lambda made: made.graph.output[0].ClearField("type"), "well-formed(.|\n)*no field 2")
    _refused(
        lambda made: made.graph.output[0].type.tensor_type.ClearField("shape"), "has no field 2"
    )


def test_seen_must_have_the_rank_of_the_channels() -> None:
    made = stand_in.model(channels=3)
    _entry(json.dumps(stand_in.metadata()))(made)
    with pytest.raises(ModelError, match=r"other outputs(.|\n)*seen uint8 of rank 3"):
        read_model_file(stand_in.sealed(made))
