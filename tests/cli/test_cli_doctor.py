"""``thumbnet doctor``."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import Call
from thumbnet.training.run import Run

SCRIPT = """import torch
from torchvision.models import resnet18
torch.save(resnet18(), "model.pt")
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def test_script_with_a_mistake_gives_code_1_and_says_where(call: Call, script: Path) -> None:
    said = call("doctor", script)
    lines = said.out.splitlines()
    assert said.code == 1
    assert lines[0].startswith(f"{script}:3: the whole network is saved as a pickle")
    assert lines[0].endswith("[pickle-weights]")
    assert lines[2] == "  → torch.save(model.state_dict(), path)"
    assert lines[-1] == "errors: 0, warnings: 1, notes: 0"


def test_script_without_a_mistake_gives_code_0(call: Call, script: Path) -> None:
    script.write_text("print('right')\n", encoding="utf-8")
    said = call("doctor", script)
    assert (said.code, said.out) == (0, "nothing found\n")


def test_it_speaks_chinese(call: Call, script: Path) -> None:
    said = call("doctor", script, "--language", "zh")
    assert said.code == 1
    assert "把整个网络存成了 pickle" in said.out
    assert said.out.endswith("错误：0，警告：1，提示：0\n")


def test_json_is_one_object_with_english_keys(call: Call, script: Path) -> None:
    said = call("doctor", script, "--json", "--language", "zh")
    assert said.code == 1
    assert (said.json["target"], said.json["kind"]) == (str(script), "script")
    (finding,) = said.json["findings"]
    assert (finding["code"], finding["line"], finding["severity"]) == (
        "pickle-weights",
        3,
        "warning",
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing.py"], "error: the script cannot be read: No such file or directory"),
        (["missing"], "error: this is neither a data set's name, a folder nor an archive"),
        (["missing.py", "--language", "fr"], "error: there are no words in this language"),
    ],
)
def test_user_mistake_gives_code_2_and_one_message(
    call: Call, words: list[str], message: str
) -> None:
    said = call("doctor", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(message)


def test_syntax_error_gives_code_2_and_the_line(call: Call, script: Path) -> None:
    script.write_text("x = 1\nprint 'x'\n", encoding="utf-8")
    said = call("doctor", script)
    assert said.code == 2
    assert f"got: {script}:2" in said.err


def test_run_is_looked_at(call: Call, trained: Run) -> None:
    assert call("doctor", trained.folder, "--json").json["kind"] == "run"
    for _ in range(3):
        trained.test()
    said = call("doctor", trained.folder)
    assert said.code == 1
    assert "the test set was opened 4 times for this run" in said.out


def test_runs_beside_are_compared(call: Call, recipe: Path, tmp_path: Path) -> None:
    for number, rate in enumerate((0.1, 0.2)):
        folder = tmp_path / "runs" / str(number)
        call("train", recipe, "--out", folder, "--set", f"lr={rate}", "--quiet")
    said = call("doctor", tmp_path / "runs" / "0", "--json")
    assert "no-validation-while-tuned" in [each["code"] for each in said.json["findings"]]


def test_folder_of_pictures_is_looked_at(
    call: Call, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thumbnet.inspection.doctor.data.LEAST_FOR_LABELS", 10**6)
    said = call("doctor", pictures, "--json")
    assert (said.code, said.json["kind"]) == (1, "data")
    assert {each["code"] for each in said.json["findings"]} == {"tiny-class"}
    assert "comparing 42 pictures" in said.err


def test_without_a_target_the_installation_is_looked_at(call: Call) -> None:
    said = call("doctor")
    assert (said.code, said.out.splitlines()[-1]) == (0, "nothing found")
    assert "bundled_model  intact" in said.out
    facts = call("doctor", "--json").json
    assert facts["kind"] == "installation"
    assert facts["facts"]["bundled_data"] == "intact"
