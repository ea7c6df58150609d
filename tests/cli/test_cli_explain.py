"""``thumbnet explain``: what it prints, what it writes, and what it cannot explain."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from PIL import Image

from command_line import Call
from thumbnet.datasets.mnist import load_mnist
from thumbnet.inference.locate import bundled_model
from thumbnet.training.run import Run


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def four(tmp_path: Path) -> Path:
    """An MNIST digit on paper: dark ink, larger, not in MNIST's frame."""
    pixels = load_mnist("test").images[247, 0].numpy()
    paper = Image.new("L", (90, 120), 235)
    ink = Image.fromarray(pixels).resize((80, 80), Image.Resampling.BICUBIC)
    paper.paste(20, (5, 30), ink)
    paper.save(tmp_path / "four.png")
    return tmp_path / "four.png"


def test_bundled_digits_are_explained_on_a_page(call: Call, four: Path) -> None:
    said = call("explain", four, "--device", "cpu")
    assert said.code == 0, said.err
    answer, other, refusal, evidence = said.out.splitlines()
    row = call("predict", four, "--json").json[0]
    assert answer == f"{row['label']} ({row['probability']:.1%})"
    ranked = sorted(row["probabilities"], key=lambda name: -row["probabilities"][name])
    assert other.startswith(f"runner-up: {ranked[1]} (")
    assert refusal == f"Not refused: the score is {row['score']:.2f}; below 0.40 it is refused."
    assert f"{ranked[0]} rather than {ranked[1]}" in evidence
    assert said.err == "explain.html is written\n"
    html = Path("explain.html").read_text(encoding="utf-8")
    assert evidence in html
    assert "four.png" in html


def test_json_has_what_the_text_says(call: Call, trained: Run, pictures: Path) -> None:
    path = pictures / "ring/3.png"
    said = call("explain", path, "-m", trained.folder, "--json", "--out", "why.png")
    assert (said.code, said.err) == (0, "")
    row = said.json
    assert list(row) == [
        *("file", "label", "probability", "other", "other_probability", "refused", "score"),
        *("refusal_threshold", "occlusion", "integrated_gradients", "words", "out"),
    ]
    prediction = trained.load().predict(path)[0]
    assert (row["file"], row["label"], row["out"]) == (str(path), "ring", "why.png")
    assert row["probability"] == pytest.approx(prediction.probability)
    assert row["other_probability"] == pytest.approx(prediction.probabilities[row["other"]])
    assert "ring rather than" in row["words"]
    with Image.open("why.png") as picture:
        picture.load()


def test_class_takes_the_place_of_the_runner_up(call: Call, four: Path) -> None:
    said = call("explain", four, "--class", "8", "--language", "zh")
    assert said.code == 0, said.err
    assert said.out.splitlines()[1].startswith("相比较的类别：8 (")
    assert "为什么是 4 而不是 8" in Path("explain.html").read_text(encoding="utf-8")


def test_picture_may_come_from_stdin(
    call: Call, four: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(four.read_bytes())))
    said = call("explain", "-", "--json")
    assert said.code == 0, said.err
    assert (said.json["file"], said.json["label"]) == ("-", "4")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing.png"], "error: the picture does not exist\n  got: missing.png\n"),
        (["bad.png"], "error: 'bad.png' is not a picture that can be read\n"),
        (["many"], "error: one picture is explained at a time\n  got: 2 in many\n"),
        (
            ["four.png", "--class", "nine"],
            "error: the model has no such class\n  got: nine\n  expected: one of: 0, 1, 2",
        ),
        (["four.png", "--language", "fr"], "error: there are no words in this language\n"),
        (["four.png", "--out", "x.pdf"], "error: the explanation cannot be written as this\n"),
        (["four.png", "--out", "no/x.html"], "error: cannot write: No such file"),
        (["four.png", "--model", "nowhere"], "error: the model does not exist\n  got: nowhere\n"),
        (
            ["four.png", "--model", str(bundled_model())],
            "error: an exported file cannot be explained, which takes the weights\n",
        ),
    ],
)
def test_mistake_is_one_message_and_nothing_is_written(
    call: Call, four: Path, words: list[str], message: str
) -> None:
    assert four.is_file()
    Path("bad.png").write_bytes(b"junk")
    Path("many").mkdir()
    for name in ("a.png", "b.png"):
        Image.new("L", (9, 9)).save(Path("many") / name)
    before = sorted(path.name for path in Path().iterdir())
    said = call("explain", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(message)
    assert said.err.count("error:") == 1
    assert sorted(path.name for path in Path().iterdir()) == before


def test_near_class_is_suggested(call: Call, trained: Run, pictures: Path) -> None:
    said = call("explain", pictures / "dot/1.png", "-m", trained.folder, "--class", "rings")
    assert said.code == 2
    assert "(did you mean 'ring'?)" in said.err
