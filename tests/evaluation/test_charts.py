import numpy as np
import pytest
import torch

from thumbnet.errors import DataError
from thumbnet.evaluation.calibration import expected_calibration_error, reliability_bins
from thumbnet.evaluation.canvas import figure_as_svg_data_uri
from thumbnet.evaluation.figures import draw_curves, draw_reliability
from thumbnet.evaluation.metrics import wilson_interval


def make_history(num_epochs=3, steps_per_epoch=100, validation=True):
    num_steps = num_epochs * steps_per_epoch
    generator = np.random.default_rng(0)
    losses = 2.3 * np.exp(-np.arange(num_steps) / 60) * generator.lognormal(0, 0.3, num_steps)
    epochs = [
        {
            "epoch": epoch,
            "train_loss": 0.5 / epoch,
            "train_accuracy": 1 - 0.1 / epoch,
            "validation_loss": 0.6 / epoch if validation else None,
            "validation_accuracy": 1 - 0.12 / epoch if validation else None,
        }
        for epoch in range(1, num_epochs + 1)
    ]
    return {
        "steps": list(range(1, num_steps + 1)),
        "batch_losses": losses.tolist(),
        "steps_per_epoch": steps_per_epoch,
        "epochs": epochs,
    }


def lines_by_label(axes):
    return {line.get_label(): line.get_xydata() for line in axes.lines}


def test_losses_are_drawn_over_epochs_with_their_running_mean():
    history = make_history()
    lines = lines_by_label(draw_curves(history).axes[0])
    losses = history["batch_losses"]
    np.testing.assert_allclose(lines["training, each batch"][:, 1], losses)
    np.testing.assert_allclose(lines["training, each batch"][[0, -1], 0], [0.01, 3.0])
    window = len(losses) // 50
    expected = [np.mean(losses[max(0, end - window) : end]) for end in range(1, len(losses) + 1)]
    np.testing.assert_allclose(lines["training, running mean"][:, 1], expected)
    np.testing.assert_allclose(lines["validation"], [[1, 0.6], [2, 0.3], [3, 0.2]])


def test_accuracies_are_drawn_at_the_end_of_each_epoch():
    lines = lines_by_label(draw_curves(make_history()).axes[1])
    np.testing.assert_allclose(lines["training, while learning"][:, 0], [1, 2, 3])
    np.testing.assert_allclose(lines["validation"][:, 1], [0.88, 0.94, 0.96])


def test_without_validation_no_validation_is_drawn():
    figure = draw_curves(make_history(validation=False))
    assert all("validation" not in lines_by_label(axes) for axes in figure.axes)
    assert "validation" not in figure.get_label()


def test_epoch_ticks_are_integers():
    for num_epochs in (1, 3, 17, 200):
        axes = draw_curves(make_history(num_epochs, steps_per_epoch=2)).axes[1]
        ticks = axes.get_xticks()
        assert np.array_equal(ticks, ticks.round())


def test_the_accuracy_axis_shows_the_best_epoch_large_and_all_of_it():
    history = make_history()
    for row, accuracy in zip(history["epochs"], (0.5, 0.991, 0.994), strict=True):
        row["train_accuracy"] = row["validation_accuracy"] = accuracy
    low, high = draw_curves(history).axes[1].get_ylim()
    assert 0.9 < low < 0.991
    assert 0.994 < high < 1.01


def test_a_perfect_accuracy_is_inside_the_axis():
    history = make_history(num_epochs=1)
    history["epochs"][0].update(train_accuracy=1.0, validation_accuracy=1.0)
    low, high = draw_curves(history).axes[1].get_ylim()
    assert low < 1.0 < high


@pytest.mark.parametrize("losses", [[], [0.0, 0.0], [1.0, float("nan")], [0.7]])
def test_a_run_that_stopped_early_is_still_drawn(losses):
    history = make_history(num_epochs=0)
    history.update(steps=list(range(1, len(losses) + 1)), batch_losses=losses)
    figure = draw_curves(history)
    figure_as_svg_data_uri(figure)
    assert figure.get_label() == "Learning curves of a run without a finished epoch."


def test_the_label_tells_the_last_epoch_in_words():
    assert draw_curves(make_history()).get_label() == (
        "Learning curves over 3 epochs. In the last one the training loss is 0.1667 and the "
        "training accuracy 96.67 %, the validation accuracy 96.00 %."
    )


def test_curves_of_a_long_run_stay_small():
    history = make_history(num_epochs=10, steps_per_epoch=3000)
    assert len(figure_as_svg_data_uri(draw_curves(history))) < 150_000


def test_a_history_without_its_parts_is_a_data_error():
    history = make_history()
    del history["steps_per_epoch"]
    with pytest.raises(DataError, match="got: no steps_per_epoch"):
        draw_curves(history)
    with pytest.raises(DataError, match="300 steps, 299 batch losses"):
        draw_curves(make_history() | {"batch_losses": make_history()["batch_losses"][:-1]})


def test_reliability_shows_one_bar_and_one_interval_for_each_filled_bin():
    generator = torch.Generator().manual_seed(0)
    probabilities = torch.softmax(2 * torch.randn(500, 3, generator=generator), dim=1)
    labels = torch.randint(3, (500,), generator=generator)
    bins = reliability_bins(probabilities, labels)
    error = expected_calibration_error(probabilities, labels)
    figure = draw_reliability(bins, error)
    filled = [each for each in bins if each.num_images]
    upper, lower = figure.axes
    assert 0 < len(filled) < 15
    assert [bar.get_height() for bar in upper.patches] == [each.accuracy for each in filled]
    assert [bar.get_height() for bar in lower.patches] == [each.num_images for each in filled]
    whiskers = [line.get_ydata() for line in upper.lines][: len(filled)]
    right = [round(each.accuracy * each.num_images) for each in filled]
    expected = [wilson_interval(r, b.num_images) for r, b in zip(right, filled, strict=True)]
    np.testing.assert_allclose(whiskers, expected)
    assert f"{100 * error:.2f} %" in figure.get_label()
    assert f"{100 * error:.2f} %" in upper.get_title(loc="left")
    figure_as_svg_data_uri(figure)
