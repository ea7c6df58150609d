"""The ready questions: complete in both languages, plans that can be run, answers in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from thumbnet.errors import RecipeError
from thumbnet.training import questions
from thumbnet.training.compare import compare
from thumbnet.training.questions import answer, load_question, question_names, run_question
from thumbnet.training.setup import load_run_data
from tiny_runs import tiny_recipe, write_pictures

NAMES = ["optimizer", "depth", "activations", "batch-norm", "loss", "batch-size", "dropout"]


def test_questions_are_named_in_the_order_in_which_they_are_read() -> None:
    assert question_names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_question_has_words_in_both_languages_and_plans(name: str) -> None:
    question = load_question(name)
    assert set(question.words) == {"en", "zh"}
    for experiment in question.experiments:
        assert set(experiment.words) == {"en", "zh"}
        plan = experiment.plan
        assert plan.num_seeds >= 3
        assert len(plan.sides) >= 2
        assert all(max(pair) < len(plan.sides) for pair in plan.pairs or ())
        # A target or a rate is chosen on validation images.
        needs_validation = plan.tune or set(question.measures) - {"accuracy", "images_per_s"}
        assert not needs_validation or plan.sides[0].recipe.data.validation


@pytest.mark.parametrize("name", NAMES)
def test_images_can_be_loaded_as_the_recipes_want_them(name: str) -> None:
    for experiment in load_question(name).experiments:
        assert load_run_data(experiment.plan.sides[0].recipe).train.shape == (1, 28, 28)


def test_optimisers_are_compared_as_published_and_tuned_from_their_own_rates() -> None:
    published, tuned = load_question("optimizer").experiments
    assert [side.recipe.optimizer.learning_rate for side in published.plan.sides] == [0.001] * 2
    assert [side.name for side in tuned.plan.sides] == ["sgd", "sgd-momentum", "adam"]
    assert [side.recipe.optimizer.learning_rate for side in tuned.plan.sides] == [0.1, 0.03, 0.001]
    assert (published.plan.tune, tuned.plan.tune) == (0, 5)


def test_depth_is_compared_pair_by_pair() -> None:
    (experiment,) = load_question("depth").experiments
    arguments = [side.recipe.model.arguments for side in experiment.plan.sides]
    pairs = [(arguments[a], arguments[b]) for a, b in experiment.plan.pairs or ()]
    assert [(a["depth"], b["depth"]) for a, b in pairs] == [
        *((depth, depth) for depth in (8, 20, 32, 56)),
        *[(8, 56)] * 2,
    ]
    assert [(a["shortcuts"], b["shortcuts"]) for a, b in pairs] == [
        *[(True, False)] * 4,
        *[(True, True), (False, False)],
    ]


def test_unknown_question_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"no question 'los'\n.*loss.*\n.*--questions"):
        load_question("los")


def test_answer_says_of_each_sentence_what_it_is_about(tmp_path: Path) -> None:
    recipe = tiny_recipe(write_pictures(tmp_path / "pictures"), validation=9)
    results = compare(
        recipe,
        vary={"optimizer": ["sgd", "adam"]},
        seeds=1,
        out=tmp_path / "out",
        device="cpu",
        progress=False,
    )
    question = load_question("batch-norm")
    english = answer(question, {"tuned": results})["tuned"]
    assert english[0].startswith("Test accuracy: No verdict on sgd and adam")
    assert english[1].startswith("Validation accuracy after the first epoch: No verdict")
    assert len(english) == len(question.measures)
    assert answer(question, {"tuned": results}, "zh")["tuned"][0].startswith("测试准确率：对 sgd")


def test_every_experiment_is_run_into_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def run(_: object, folder: Path, **options: object) -> dict[str, object]:
        calls.append((folder, options))
        return {"folder": folder.name}

    monkeypatch.setattr(questions, "run_plan", run)
    results = run_question(load_question("loss"), tmp_path, language="zh", progress=False)
    assert results == {name: {"folder": name} for name in ("same-rate", "tuned")}
    options = {"device": "auto", "language": "zh", "progress": False}
    assert calls == [(tmp_path / "same-rate", options), (tmp_path / "tuned", options)]
