"""What is said of gradients: ratios over seeds, zeros, both languages, the figure."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from thumbnet.evaluation.comparison_figures import draw_gradients
from thumbnet.evaluation.comparison_gradients import (
    first_to_last,
    geometric_means,
    gradient_sentences,
)


def test_ratio_and_interval_are_those_of_the_logarithms() -> None:
    sizes = [[0.01, 0.5, 1.0], [0.02, 0.5, 1.0], [0.04, 0.5, 2.0]]
    logs = [math.log(0.01), math.log(0.02), math.log(0.02)]
    ratio = first_to_last(sizes)
    assert ratio is not None
    assert ratio.value == pytest.approx(math.fsum(logs) / 3)
    expected = stats.t.interval(0.95, 2, loc=math.fsum(logs) / 3, scale=stats.sem(logs))
    assert ratio.interval() == pytest.approx(expected)


def test_sentences_name_side_ratio_interval_and_seeds() -> None:
    results = {"gradients": {"sigmoid": {"sizes": [[1e-6, 1.0], [2e-6, 1.0], [1.5e-6, 1.0]]}}}
    (said,) = gradient_sentences(results)
    assert said.startswith("Before training, the gradient in the first layer of sigmoid is 1.4e-06")
    assert said.endswith("3 seeds).")
    (said,) = gradient_sentences(results, "zh")
    assert "sigmoid 第一层的梯度是最后一层的 1.4e-06 倍（95 % 区间" in said


def test_one_seed_has_no_interval_and_zero_no_ratio() -> None:
    results = {"gradients": {"a": {"sizes": [[0.5, 1.0]]}, "b": {"sizes": [[0.0, 1.0]]}}}
    assert gradient_sentences(results) == [
        "Before training, the gradient in the first layer of a is 0.5 times as large as in the "
        "last.",
        "Before training, the gradient in a layer of b is zero.",
    ]


def test_nothing_is_said_where_nothing_was_measured() -> None:
    assert gradient_sentences({}) == []


def test_geometric_means_of_layers() -> None:
    assert geometric_means([[1.0, 4.0, 0.0], [100.0, 9.0, 1.0]]) == pytest.approx([10.0, 6.0, 0.0])


def test_figure_has_a_line_for_each_side() -> None:
    sides = {"sigmoid": {"sizes": [[1e-6, 1e-3, 1.0]]}, "relu": {"sizes": [[0.5, 0.6, 1.0]]}}
    (axes,) = draw_gradients(sides).axes
    assert axes.get_yscale() == "log"
    assert [list(line.get_ydata()) for line in axes.lines] == [
        pytest.approx(side["sizes"][0]) for side in sides.values()
    ]
    assert [line.get_label() for line in axes.lines] == list(sides)


def test_ticks_are_plain_numbers() -> None:
    figure = draw_gradients({"sigmoid": {"sizes": [[1e-6, 1e-3, 1.0]]}})
    figure.draw_without_rendering()
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert "1e-03" in labels
    assert not any("$" in label for label in labels)
