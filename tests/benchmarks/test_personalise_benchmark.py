"""The made writers of the benchmark of ``personalise``, its arithmetic and its table."""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from thumbnet.datasets.made_digits import DIGIT_FORMS
from thumbnet.datasets.negative_pen import parse_sketch
from thumbnet.training.samples import load_samples


@pytest.fixture
def benchmark() -> ModuleType:
    return importlib.import_module("personalise")


@pytest.fixture
def tables() -> ModuleType:
    return importlib.import_module("personalise_tables")


def run(writer: int, samples: int, before: float, after: float) -> dict[str, Any]:
    counts = {
        moment: {"accuracy": share, "refused": 1 - share, "read": share}
        for moment, share in (("before", before), ("after", after))
    }
    mnist = {"before": {"accuracy": 0.99}, "after": {"accuracy": 0.98}}
    return {
        "writer": writer,
        "samples": samples,
        "apart": counts,
        "mnist": mnist,
        "time_s": 10.0 * writer,
    }


def test_a_writer_belongs_to_a_seed_and_a_number(benchmark: ModuleType) -> None:
    assert benchmark.make_writer(3, 1) == benchmark.make_writer(3, 1)
    assert benchmark.make_writer(3, 1) != benchmark.make_writer(3, 2)
    assert benchmark.make_writer(3, 1) != benchmark.make_writer(4, 1)


def test_writers_keep_to_the_ranges_and_use_all_forms(benchmark: ModuleType) -> None:
    writers = [benchmark.make_writer(0, number) for number in range(300)]
    for writer in writers:
        assert benchmark.SLANTS[0] <= writer.slant <= benchmark.SLANTS[1]
        assert benchmark.STRETCHES[0] <= writer.stretch <= benchmark.STRETCHES[1]
        assert benchmark.UNSTEADY[0] <= writer.unsteady <= benchmark.UNSTEADY[1]
        assert writer.pen.width[0] <= writer.pen_width <= writer.pen.width[1]
        assert len(writer.pen.colours) == 1
        assert not writer.pen.covers
    for digit, familiar in DIGIT_FORMS.items():
        expected = {*familiar, *benchmark.UNFAMILIAR_FORMS[digit]}
        assert {writer.forms[digit] for writer in writers} == expected


def test_unfamiliar_forms_are_sketches_that_training_does_not_show(benchmark: ModuleType) -> None:
    for digit, forms in benchmark.UNFAMILIAR_FORMS.items():
        assert not set(forms) & set(DIGIT_FORMS[digit])
        for form in forms:
            points = parse_sketch(form).points
            assert points.min() >= 0
            assert points.max() <= 1


def test_facts_name_the_digits_of_unfamiliar_form(benchmark: ModuleType) -> None:
    writer = benchmark.make_writer(0, 0)
    named = writer.facts()["unfamiliar_forms"]
    assert 0 < len(named) < 10
    for digit, form in writer.forms.items():
        assert (digit in named) == (form not in DIGIT_FORMS[digit])


def test_pictures_are_dark_on_light_and_never_twice_the_same(benchmark: ModuleType) -> None:
    glyphs = benchmark.write_digits(benchmark.make_writer(0, 0), (0, 0, 1), 2)
    assert [digit for digit, _ in glyphs] == list("0123456789")
    for _, (first, second) in glyphs:
        assert first.dtype == np.uint8
        edge = np.concatenate([first[0], first[-1], first[:, 0], first[:, -1]])
        assert edge.min() > 200 > 150 > first.min()
        assert first.shape != second.shape or (first != second).any()


def test_fewer_samples_are_the_first_of_more_and_others_than_those_apart(
    benchmark: ModuleType,
) -> None:
    writer = benchmark.make_writer(0, 0)
    three = benchmark.write_digits(writer, (0, 0, benchmark.TUNING), 3)
    five = benchmark.write_digits(writer, (0, 0, benchmark.TUNING), 5)
    apart = benchmark.write_digits(writer, (0, 0, benchmark.APART), 5)
    for (_, few), (_, more), (_, others) in zip(three, five, apart, strict=True):
        assert all(np.array_equal(one, same) for one, same in zip(few, more, strict=False))
        kept = {picture.tobytes() for picture in others}
        assert not kept & {picture.tobytes() for picture in more}


def test_saved_samples_are_what_personalise_takes(benchmark: ModuleType, tmp_path: Path) -> None:
    glyphs = benchmark.write_digits(benchmark.make_writer(0, 1), (0, 1, 1), 3)
    benchmark.save_samples(tmp_path / "samples", glyphs)
    with Image.open(tmp_path / "samples" / "7" / "002.png") as image:
        assert np.array_equal(np.asarray(image), glyphs[7][1][2])
    samples = load_samples(tmp_path / "samples")
    assert samples.train.class_counts() == [2] * 10
    assert samples.held_back.class_counts() == [1] * 10


def test_read_is_what_is_right_and_not_refused(benchmark: ModuleType) -> None:
    answers = iter([("3", False), ("3", True), ("5", False), ("5", True)])

    def predict(pictures: list[np.ndarray]) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(label=label, refused=refused)
            for _, (label, refused) in zip(pictures, answers, strict=False)
        ]

    glyphs = [("3", [np.zeros((2, 2), np.uint8)] * 4)]
    counts = benchmark.count(SimpleNamespace(predict=predict), glyphs)
    assert counts == {"accuracy": 0.5, "refused": 0.5, "read": 0.25}


def test_interval_is_students_over_the_paired_differences(benchmark: ModuleType) -> None:
    # Differences 1 to 5: mean 3, deviation √2.5; the table of t has 2.776 for 4 degrees.
    found = benchmark.compare([10, 20, 30, 40, 50], [11, 22, 33, 44, 55])
    assert (found["before"], found["after"], found["difference"]) == (30, 33, 3)
    half = 2.776 * (2.5 / 5) ** 0.5
    assert found["interval"] == pytest.approx([3 - half, 3 + half], abs=1e-3)


def test_one_writer_has_no_interval_and_equal_gains_a_narrow_one(benchmark: ModuleType) -> None:
    assert benchmark.compare([0.5], [0.75])["interval"] is None
    assert benchmark.compare([0.5, 0.25], [0.75, 0.5])["interval"] == [0.25, 0.25]


def test_summary_pairs_the_writers_of_each_size(benchmark: ModuleType) -> None:
    runs = [run(1, 10, 0.5, 0.9), run(1, 3, 0.5, 0.6), run(2, 10, 0.7, 0.9), run(2, 3, 0.7, 0.8)]
    summary = benchmark.summarise(runs)
    assert list(summary) == ["3", "10"]
    assert summary["3"]["apart_accuracy"]["difference"] == pytest.approx(0.1)
    assert summary["10"]["apart_refused"]["difference"] == pytest.approx(-0.3)
    assert summary["10"]["mnist_accuracy"]["difference"] == pytest.approx(-0.01)
    assert summary["10"]["time_s"] == 15.0


def test_sizes_are_numbers_that_personalise_takes(benchmark: ModuleType) -> None:
    assert benchmark.parse_sizes("10,3") == [3, 10]
    for text in ("", "3,", "2", "a", "-3", "3;5"):
        with pytest.raises(argparse.ArgumentTypeError, match="expected numbers from 3"):
            benchmark.parse_sizes(text)


def test_table_shows_gains_with_their_intervals(
    benchmark: ModuleType, tables: ModuleType, tmp_path: Path
) -> None:
    runs = [run(1, 3, 0.5, 0.6), run(2, 3, 0.7, 0.9)]
    result = tmp_path / "personalise.json"
    facts = {
        "summary": benchmark.summarise(runs),
        "writers": [{"unfamiliar_forms": ["1"]}, {"unfamiliar_forms": ["1", "2"]}],
        "apart_of_each_digit": 50,
        "hardware": {"processor": "a processor"},
    }
    result.write_text(json.dumps(facts), encoding="utf-8")
    english, chinese = (tables.personalise(language, result) for language in ("en", "zh"))
    row = (
        "| 3 | 60.0 → 75.0 %, +15.0 [−48.5, +78.5] | 40.0 → 25.0 %, −15.0 [−78.5, +48.5] "
        "| 60.0 → 75.0 %, +15.0 [−48.5, +78.5] | 99.00 → 98.00 %, −1.00 [−1.00, −1.00] | 15 s |"
    )
    assert row in english
    assert row in chinese
    assert "not people" in english
    assert "不是真人" in chinese
    assert "1.5 on average" in english
    assert "1.5 个" in chinese


def test_table_says_that_nothing_is_measured(tables: ModuleType, tmp_path: Path) -> None:
    assert tables.personalise("en", tmp_path / "none.json") == "*Not measured yet.*"
    assert tables.personalise("zh", tmp_path / "none.json") == "*尚未测量。*"


def test_a_difference_that_rounds_to_zero_has_no_sign(tables: ModuleType) -> None:
    measure = {"before": 0.5, "after": 0.4999, "difference": -0.0001, "interval": None}
    assert tables._cell(measure, 1) == "50.0 → 50.0 %, 0.0"
