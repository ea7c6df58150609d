"""Run folders: their names, their facts and what is said of a folder that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from thumbnet.errors import CheckpointError, ModelError, OutputError
from thumbnet.training.run import Run, check_new_run_folder, next_run_folder
from tiny_runs import RESULT_KEYS, run_tiny, tiny_recipe, tree


def test_next_folder_counts_on_from_the_largest(tmp_path: Path) -> None:
    assert next_run_folder("mnist", tmp_path) == tmp_path / "mnist-1"
    for name in ("mnist-2", "mnist-10", "mnist-x", "mnist-cnn-99", "other-50"):
        (tmp_path / name).mkdir()
    assert next_run_folder("mnist", tmp_path) == tmp_path / "mnist-11"
    assert next_run_folder("mnist-cnn", tmp_path) == tmp_path / "mnist-cnn-100"


def test_missing_run_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="the run does not exist"):
        Run(tmp_path / "nothing")


def test_folder_without_a_recipe_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"(?s)this is no run.*recipe\.toml"):
        Run(tmp_path)


def test_unfinished_run_has_no_receipt_and_no_model(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text("epochs = 2\n", encoding="utf-8")
    run = Run(tmp_path)
    assert not run.is_finished
    assert run.recipe.epochs == 2
    with pytest.raises(ModelError, match=f"(?s)has not finished.*--resume {tmp_path}"):
        _ = run.result
    with pytest.raises(ModelError, match="this run has not finished"):
        run.load()


def test_folder_may_be_given_as_text(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").touch()
    assert Run(str(tmp_path)).folder == tmp_path


@pytest.mark.usefixtures("no_figures")
def test_finished_run_loads_and_tests_its_model(tmp_path: Path, pictures: Path) -> None:
    run = run_tiny(tiny_recipe(pictures, epochs=1), tmp_path / "run")
    assert list(run.result) == RESULT_KEYS
    assert run.load().config.class_names == ("bar", "dot", "ring")
    assert run.test().accuracy == run.result["test_accuracy"]


def test_new_or_empty_folder_may_be_written(tmp_path: Path) -> None:
    check_new_run_folder(tmp_path / "new")
    check_new_run_folder(tmp_path)
    assert tree(tmp_path) == {}


def test_folder_with_a_run_points_to_resume(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").touch()
    with pytest.raises(OutputError, match=f"(?s)a run in this folder.*--resume {tmp_path}"):
        check_new_run_folder(tmp_path)


def test_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="the output folder is a file"):
        check_new_run_folder(tmp_path / "file")


def test_folder_with_other_files_is_taken_but_not_with_ones_that_a_run_writes(
    tmp_path: Path,
) -> None:
    (tmp_path / "notes.txt").touch()
    check_new_run_folder(tmp_path)
    for name in ("model", "checkpoints"):
        (tmp_path / name).mkdir()
        with pytest.raises(OutputError, match=f"files that a run would write(.|\n)*: {name}"):
            check_new_run_folder(tmp_path)
        (tmp_path / name).rmdir()


def test_damaged_receipt_is_named(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").touch()
    run = Run(tmp_path)
    for content in ('{"results": {', "[]", "{}"):
        (tmp_path / "receipt.json").write_text(content, encoding="utf-8")
        with pytest.raises(ModelError, match=r"receipt is damaged(.|\n)*receipt\.json"):
            run.result  # noqa: B018 - reading it is what fails
