"""``thumbnet compare``: its result on stdout, progress on stderr, and how it stops."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from command_line import Call
from thumbnet.cli.compare import parse_variations
from thumbnet.errors import RecipeError
from tiny_runs import signal_at_step


@pytest.fixture(autouse=True)
def _no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the figures, which take most of a tiny comparison's time."""
    monkeypatch.setattr("thumbnet.training.compare.draw_figures", lambda _: {})
    monkeypatch.setattr("thumbnet.training.compare.to_html", lambda *_, **__: "")
    monkeypatch.setattr("thumbnet.training.compare.to_markdown", lambda *_: "")


WORDS = ["--vary", "optimizer=sgd,adam", "--seeds", 3, "--set", "lr=0.01", "--device", "cpu"]


def test_result_for_a_person_has_table_verdict_and_places(
    call: Call, recipe: Path, tmp_path: Path
) -> None:
    said = call("compare", recipe, *WORDS, "--set", "validation=9", "--out", tmp_path / "out")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].startswith("side  test accuracy  95 % interval")
    assert [line.split()[0] for line in lines[1:3]] == ["sgd", "adam"]
    assert "3 seeds" in lines[4]
    assert lines[-2:] == [
        f"page    {tmp_path / 'out/comparison.html'}",
        f"results {tmp_path / 'out/results.json'}",
    ]
    assert said.err.count("\n") == 6
    assert "6/6  adam, seed 3  test " in said.err or "6/6  sgd, seed 3  test " in said.err


def test_json_is_the_only_thing_on_stdout_and_what_the_file_holds(
    call: Call, recipe: Path, tmp_path: Path
) -> None:
    said = call("compare", recipe, *WORDS, "--out", tmp_path / "out", "--json", "--quiet")
    assert (said.code, said.err) == (0, "")
    results = json.loads((tmp_path / "out/results.json").read_text(encoding="utf-8"))
    assert said.json == {"folder": str(tmp_path / "out"), **results}


def test_same_command_goes_on_and_another_one_has_another_folder(
    call: Call, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch:
        signal_at_step(patch, 30, signal.SIGINT)
        said = call("compare", recipe, *WORDS, "--json")
    assert (said.code, said.out) == (130, "")
    assert said.err.endswith(
        "stopped by SIGINT; everything is saved. Start the same command again to go on.\n"
    )
    first = call("compare", recipe, *WORDS, "--json")
    assert first.json["folder"].startswith("comparisons/tiny-optimizer-sgd-adam-")
    assert not first.err.startswith("1/6")
    other = call("compare", recipe, *WORDS, "--set", "epochs=1", "--json")
    assert other.json["folder"] != first.json["folder"]
    assert len(list((tmp_path / "comparisons").iterdir())) == 2


def test_changes_and_data_reach_every_side(
    call: Call, recipe: Path, tmp_path: Path, pictures: Path
) -> None:
    data = f"folder:{pictures.rename(tmp_path / 'other')}"
    words = ["--data", data, "--set", "model.widths=[4]", "--out", tmp_path / "out", "--json"]
    recipes = call("compare", recipe, *WORDS, *words).json["recipes"]
    assert [found["model"]["widths"] for found in recipes.values()] == [[4], [4]]
    assert {found["data"]["name"] for found in recipes.values()} == {data}


def test_two_recipes_are_compared(call: Call, recipe: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    text = recipe.read_text(encoding="utf-8")
    other.write_text(
        text.replace('name = "tiny"', 'name = "other"').replace("epochs = 2", "epochs = 1")
    )
    said = call("compare", recipe, other, "--seeds", 1, "--out", tmp_path / "out", "--json")
    assert [side["name"] for side in said.json["sides"]] == ["tiny", "other"]
    assert said.json["differences"] == {"epochs": [2, 1]}


def test_verdict_can_be_in_chinese(call: Call, recipe: Path, tmp_path: Path) -> None:
    said = call(
        "compare", recipe, *WORDS, "--seeds", 2, "--out", tmp_path / "out", "--language", "zh"
    )
    assert "不下结论：双方至少需要 3 个种子，这里只有 2 个。" in said.out


def test_target_and_tuning_are_reported(call: Call, recipe: Path, tmp_path: Path) -> None:
    words = ["--target", "0.1", "--tune", "2", "--set", "validation=9", "--json"]
    found = call("compare", recipe, *WORDS, *words, "--out", tmp_path / "out").json
    assert found["target"] == {"validation_accuracy": 0.1, "is_given": True}
    assert [len(side["tuning"]["trials"]) for side in found["sides"]] == [2, 2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--vary", "optimizer"], "what varies must be a key and its values"),
        (["--vary", "optimizerr=a,b"], "a recipe has no key 'optimizerr'"),
        ([], "a comparison needs at least two sides"),
        (["--vary", "lr=0.1,0.2", "--target", "97"], "the target is no accuracy"),
        (["--vary", "lr=0.1,0.2", "--language", "fr"], "there are no words in this language"),
        (["--vary", "lr=0.1,0.2", "--tune", "3"], "learning rates are chosen on validation"),
        (["--vary", "lr=0.1,0.2", "--device", "tpu"], "there is no device 'tpu'"),
    ],
)
def test_mistakes_are_one_message_and_leave_nothing(
    call: Call, recipe: Path, tmp_path: Path, words: list[str], message: str
) -> None:
    said = call("compare", recipe, *words, "--out", tmp_path / "out")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"error: {message}")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "key", "values"),
    [
        ("optimizer=sgd,adam", "optimizer", ["sgd", "adam"]),
        ("lr = 0.01, 1e-3", "lr", [0.01, 0.001]),
        ("model.batch_norm=true,false", "model.batch_norm", [True, False]),
        ("model.widths=[8,8],[16,16]", "model.widths", [[8, 8], [16, 16]]),
        ("model.dropout=0,0.5", "model.dropout", [0, 0.5]),
        ("flip=true,alternating", "flip", [True, "alternating"]),
    ],
)
def test_values_are_toml_or_texts(text: str, key: str, values: list[object]) -> None:
    assert parse_variations([text]) == {key: values}


@pytest.mark.parametrize("texts", [["lr"], ["lr="], ["=1,2"], ["lr=1,2", "lr=3"]])
def test_what_is_no_key_and_values_is_refused(texts: list[str]) -> None:
    with pytest.raises(RecipeError, match="each key once"):
        parse_variations(texts)


def test_questions_are_listed_in_both_languages(call: Call) -> None:
    said = call("compare", "--questions")
    assert said.code == 0
    assert "batch-norm   Does batch norm speed up convergence?" in said.out.splitlines()
    assert "批归一化会加快收敛吗？" in call("compare", "--questions", "--language", "zh").out
    assert call("compare", "--questions", "--json").json["loss"]["source_kind"]


def test_question_is_answered_for_each_experiment(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: Path
) -> None:
    sides = call("compare", recipe, *WORDS, "--out", tmp_path / "tiny", "--json", "--quiet").json
    monkeypatch.setattr("thumbnet.training.questions.run_plan", lambda *_, **__: sides)
    said = call("compare", "--question", "loss", "--out", tmp_path / "out")
    assert said.code == 0
    assert said.out.startswith("Does cross-entropy beat the squared error?\n")
    assert said.out.count("  Test accuracy: ") == 2
    assert f"  {tmp_path / 'out/tuned/comparison.html'}\n" in said.out
    found = call("compare", "--question", "loss", "--out", tmp_path / "out", "--json").json
    assert list(found["experiments"]) == ["same-rate", "tuned"]


def test_question_refuses_what_it_decides_itself(call: Call, recipe: Path) -> None:
    said = call("compare", recipe, "--question", "loss", "--seeds", 3)
    assert (said.code, said.out) == (2, "")
    assert "--question and RECIPE, --seeds" in said.err
    assert call("compare", "--question", "nothing").code == 2
