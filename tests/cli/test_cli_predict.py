"""``thumbnet predict``: what a word may mean, and the three forms of the answer."""

from __future__ import annotations

import csv
import dataclasses
import io
import sys
from pathlib import Path

import pytest
from PIL import Image

from command_line import Call
from thumbnet.cli.predict import _model_and_images
from thumbnet.datasets.mnist import load_mnist
from thumbnet.training.run import Run


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """Write to it what the command shall read."""
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
    return content


def files_of(said_json: list[dict[str, object]]) -> list[object]:
    return [row["file"] for row in said_json]


def test_json_has_one_row_for_each_picture_in_order(
    call: Call, trained: Run, pictures: Path
) -> None:
    paths = [str(pictures / name) for name in ("ring/3.png", "bar/0.png", "dot/12.png")]
    said = call("predict", trained.folder, *paths, "--json")
    assert (said.code, said.err) == (0, "")
    assert files_of(said.json) == paths
    assert [row["label"] for row in said.json] == ["ring", "bar", "dot"]
    predictions = trained.load().predict(paths)
    for row, prediction in zip(said.json, predictions, strict=True):
        assert list(row) == ["file", "label", "probability", "probabilities", "refused", "score"]
        answer = {name: value for name, value in vars(prediction).items() if name != "seen"}
        assert {name: value for name, value in row.items() if name != "file"} == answer
        assert list(row["probabilities"]) == ["bar", "dot", "ring"]
        assert row["probability"] == max(row["probabilities"].values())
        assert sum(row["probabilities"].values()) == pytest.approx(1)


def test_folder_stands_for_its_pictures_in_natural_order(
    call: Call, trained: Run, pictures: Path
) -> None:
    (pictures / "notes.txt").write_text("no picture", encoding="utf-8")
    said = call("predict", trained.folder, pictures, "--json")
    assert files_of(said.json) == [
        str(pictures / name / f"{index}.png")
        for name in ("bar", "dot", "ring")
        for index in range(14)
    ]


def test_pattern_stands_for_the_files_that_match(
    call: Call, trained: Run, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = call("predict", trained.folder, f"{pictures}/*/1?.png", "--json")
    expected = [
        pictures / name / f"{index}.png"
        for name in ("bar", "dot", "ring")
        for index in range(10, 14)
    ]
    assert files_of(said.json) == [str(path) for path in expected]
    monkeypatch.chdir(pictures)
    said = call("predict", trained.folder, "ring/[01].png", "--json")
    assert files_of(said.json) == ["ring/0.png", "ring/1.png"]


def test_file_whose_name_is_a_pattern_is_that_file(
    call: Call, trained: Run, pictures: Path
) -> None:
    path = (pictures / "bar/0.png").rename(pictures / "what?[1].png")
    said = call("predict", trained.folder, path, "--json")
    assert files_of(said.json) == [str(path)]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "PPM", "WEBP"])
def test_stdin_may_be_a_picture(
    call: Call, trained: Run, pictures: Path, stdin: io.BytesIO, form: str
) -> None:
    with Image.open(pictures / "dot/1.png") as picture:
        picture.convert("RGB").save(stdin, form)
    stdin.seek(0)
    said = call("predict", trained.folder, "-", "--json")
    assert files_of(said.json) == ["-"]
    assert said.json[0]["label"] == "dot"


def test_stdin_may_be_a_list_of_names(
    call: Call, trained: Run, pictures: Path, stdin: io.BytesIO
) -> None:
    stdin.write(f"{pictures}/ring/2.png\n\n{pictures}/bar/1*.png\r\n".encode())
    stdin.seek(0)
    said = call("predict", trained.folder, f"{pictures}/dot/0.png", "-", "--json")
    names = ["dot/0.png", "ring/2.png", *(f"bar/{index}.png" for index in (1, 10, 11, 12, 13))]
    assert files_of(said.json) == [str(pictures / name) for name in names]


def test_csv_has_a_column_for_each_class(call: Call, trained: Run, pictures: Path) -> None:
    path = (pictures / "bar/0.png").rename(pictures / 'bar/a, "b".png')
    out = call("predict", trained.folder, path, "--csv").out
    (row,) = csv.DictReader(io.StringIO(out))
    names = ["bar", "dot", "ring"]
    assert list(row) == ["file", "label", "probability", "refused", "score", *names]
    assert (row["file"], row["label"], row["refused"]) == (str(path), "bar", "false")
    assert float(row["bar"]) == float(row["probability"]) == float(row["score"])


def test_table_has_label_and_probability(call: Call, trained: Run, pictures: Path) -> None:
    path = pictures / "bar/0.png"
    headers, row = call("predict", trained.folder, path).out.splitlines()
    probability = trained.load().predict(path)[0].probability
    assert headers.split() == ["file", "label", "probability"]
    assert row.split() == [str(path), "bar", f"{probability:.4f}"]


def test_model_folder_is_as_good_as_its_run(call: Call, trained: Run, pictures: Path) -> None:
    first, second = (
        call("predict", path, pictures, "--json").json
        for path in (trained.folder, trained.folder / "model")
    )
    assert first == second


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("missing.png", "error: the picture does not exist\n  got: missing.png\n"),
        ("empty", "error: there is no picture here\n  got: empty\n"),
        ("nothing*.png", "error: there is no picture here\n  got: nothing*.png\n"),
        ("bad.png", "error: "),
        ("a" * 300, "error: the system refused: File name too long\n"),
        ("-", "error: stdin is empty\n"),
    ],
    ids=["missing", "empty-folder", "empty-pattern", "bad-picture", "long-name", "empty-stdin"],
)
@pytest.mark.usefixtures("stdin")
def test_what_is_no_picture_is_one_message(
    call: Call,
    trained: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    word: str,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    said = call("predict", trained.folder, word, "--json")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(message)
    assert said.err.count("error:") == 1
    assert "Traceback" not in said.err


def test_bad_picture_is_named(call: Call, trained: Run, pictures: Path) -> None:
    (pictures / "dot/5.png").write_bytes(b"junk")
    said = call("predict", trained.folder, pictures)
    assert (said.code, said.out) == (2, "")
    assert str(pictures / "dot/5.png") in said.err


def test_model_may_be_named_in_front_or_by_an_option(
    call: Call, trained: Run, pictures: Path
) -> None:
    path = pictures / "dot/0.png"
    expected = call("predict", trained.folder, path, "--json")
    for words in (["-m", trained.folder, path], [path, "--model", trained.folder / "model"]):
        assert call("predict", *words, "--json") == expected
    assert call("predict", "--torch", trained.folder, path, "--json").json == expected.json


def test_bundled_digits_answer_with_torch_as_with_their_file(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(255 - load_mnist("test").images[0, 0].numpy()).save("seven.png")
    (expected,) = call("predict", "seven.png", "--json").json
    (found,) = call("predict", "--torch", "seven.png", "--json").json
    assert found["label"] == expected["label"] == "7"
    assert found["probability"] == pytest.approx(expected["probability"], abs=1e-5)


def test_first_word_is_a_model_only_if_there_is_one(
    trained: Run, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = str(pictures / "dot/0.png")
    monkeypatch.chdir(tmp_path)
    for model in (trained.folder, trained.folder / "model", "digits", "other.onnx"):
        assert _model_and_images(None, [str(model), picture]) == (str(model), [picture])
    for words in ([picture], [str(pictures), picture], ["missing.png"], ["-"]):
        assert _model_and_images(None, words) == ("digits", words)
        assert _model_and_images("other", words) == ("other", words)
    Path("digits").mkdir()
    assert _model_and_images(None, ["digits", picture]) == ("digits", ["digits", picture])


def test_model_alone_is_asked_for_a_picture(call: Call, trained: Run) -> None:
    said = call("predict", trained.folder)
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        f"error: there is a model and no picture\n  got: {trained.folder}\n"
        f"  fix: thumbnet predict {trained.folder} PICTURE…\n"
    )


def test_answer_below_the_threshold_is_marked(
    call: Call, trained: Run, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = trained.load()
    doubtful = {"temperature": 10.0, "refusal_threshold": 1.0}
    config = classifier.config.model_copy(update=doubtful)
    strict = dataclasses.replace(classifier, config=config)
    monkeypatch.setattr("thumbnet.evaluation.classifier.Classifier.load", lambda *_: strict)
    path = pictures / "bar/0.png"
    (row,) = call("predict", trained.folder, path, "--json").json
    assert row["refused"] is True
    assert row["score"] == row["probability"] < 1
    assert ",true," in call("predict", trained.folder, path, "--csv").out
    table = call("predict", trained.folder, path).out.splitlines()[1]
    assert table.split()[1:3] == ["(bar)", "refused"]
