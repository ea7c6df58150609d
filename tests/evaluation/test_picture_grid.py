import math

import numpy as np
import pytest
import torch

from thumbnet.errors import DataError, ModelError
from thumbnet.evaluation.canvas import house_style, save_figure
from thumbnet.evaluation.figures import draw_mistakes, draw_samples

NAMES = tuple("0123456789")


def render(figure):
    with house_style():
        figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[:, :, :3]


def titles(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def grey_pictures(count):
    return torch.arange(count, dtype=torch.uint8)[:, None, None, None].expand(-1, 1, 28, 28)


@pytest.mark.parametrize("columns", [1, 3, 40])
def test_every_pixel_becomes_a_square_of_exactly_its_colour(columns):
    # Colours that no text or background has, each in one pixel of one picture.
    pixels = torch.arange(2 * 5 * 7, dtype=torch.uint8).reshape(2, 1, 5, 7)
    images = torch.cat([pixels + 100, torch.full_like(pixels, 3), pixels], dim=1)
    rendered = render(draw_samples(images, torch.tensor([1, 2]), NAMES, columns=columns))
    colours, counts = np.unique(rendered.reshape(-1, 3), axis=0, return_counts=True)
    found = {tuple(c): n for c, n in zip(colours.tolist(), counts.tolist(), strict=True)}
    areas = {found.get((100 + i, 3, i), 0) for i in range(70)}
    assert len(areas) == 1
    side = math.isqrt(min(areas))
    assert side >= 1
    assert areas == {side**2}


def test_grey_pictures_keep_their_values():
    images = torch.full((1, 1, 4, 4), 77, dtype=torch.uint8)
    rendered = render(draw_samples(images, torch.tensor([0]), NAMES))
    assert (rendered == 77).all(axis=2).sum() > 1000


def test_samples_are_titled_with_their_class_in_order():
    figure = draw_samples(grey_pictures(12), torch.arange(12) % 10, NAMES, columns=5)
    assert titles(figure) == list("012345678901")
    assert figure.get_label() == "12 labelled pictures: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9."


def test_pictures_larger_than_their_cell_are_fitted_inside_the_figure(tmp_path):
    images = torch.zeros(3, 3, 400, 300, dtype=torch.uint8)
    figure = draw_samples(images, torch.tensor([0, 1, 2]), NAMES, columns=10)
    left, right, bottom, top = figure.axes[0].images[2].get_extent()
    assert 0 < left < right < 1280
    assert 0 < top < bottom < 1280
    save_figure(figure, tmp_path / "samples.png")


def test_mistakes_come_most_confident_first_with_true_and_predicted_class():
    probabilities = torch.tensor(
        [[0.8, 0.2, 0.0], [0.4, 0.35, 0.25], [0.009, 0.991, 0.0], [0.0, 0.0, 1.0]]
    )
    labels = torch.tensor([0, 1, 2, 0])
    figure = draw_mistakes(grey_pictures(4), labels, probabilities, "abc")
    assert titles(figure) == ["a → c, > 99.9 %", "c → b, 99.1 %", "b → a, 40.0 %"]
    shown = [int(image.get_array()[0, 0]) for image in figure.axes[0].images]
    assert shown == [3, 2, 1]
    assert "The 3 most confident of 3 mistakes" in figure.get_label()


def test_at_most_count_mistakes_are_drawn_and_equal_ones_keep_their_order():
    probabilities = torch.eye(10)[torch.ones(30, dtype=torch.int64)]
    labels = torch.zeros(30, dtype=torch.int64)
    figure = draw_mistakes(grey_pictures(30), labels, probabilities, NAMES, count=4)
    assert [int(image.get_array()[0, 0]) for image in figure.axes[0].images] == [0, 1, 2, 3]
    assert "The 4 most confident of 30 mistakes" in figure.get_label()


def test_without_a_mistake_the_figure_says_so(tmp_path):
    figure = draw_mistakes(grey_pictures(10), torch.arange(10), torch.eye(10), NAMES)
    assert [text.get_text() for text in figure.texts] == ["No mistakes among 10 images."]
    save_figure(figure, tmp_path / "none.png")


def test_long_class_names_take_two_lines_and_stay_in_their_column():
    names = ["an ankle boot with very long laces", "高帮靴子高帮靴子高帮靴子高帮靴子", "$"]
    figure = draw_mistakes(grey_pictures(2), torch.tensor([0, 1]), torch.eye(3)[[1, 2]], names)
    first, second = titles(figure)
    assert first.count("\n") == 1
    assert first.endswith(", > 99.9 %")
    assert second.endswith("→\n$, > 99.9 %")
    render(figure)
    widths = [text.get_window_extent().width for text in figure.axes[0].texts]
    assert max(widths) < 1280 / 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.zeros(2, 1, 4, 4), torch.tensor([0, 1]), NAMES), "got: torch.float32"),
        ((torch.zeros(2, 4, 4, dtype=torch.uint8), torch.tensor([0, 1]), NAMES), r"\(2, 4, 4\)"),
        ((grey_pictures(2), torch.tensor([0]), NAMES), r"2 pictures, labels of shape \(1,\)"),
        ((grey_pictures(0), torch.zeros(0, dtype=torch.int64), NAMES), "got: 0 pictures"),
        ((grey_pictures(2), torch.tensor([0, 10]), NAMES), "labels from 0 to 10"),
        ((grey_pictures(2), torch.tensor([0, 1]), NAMES, 0), "2 pictures in 0 columns"),
        ((grey_pictures(2), torch.tensor([0, 1]), NAMES, 41), "2 pictures in 41 columns"),
    ],
)
def test_samples_that_do_not_fit_are_a_data_error(arguments, message):
    with pytest.raises(DataError, match=message):
        draw_samples(*arguments)


def test_more_pictures_than_a_png_can_hold_are_a_data_error():
    images = torch.zeros(1, 1, 1, 1, dtype=torch.uint8).expand(1001, 1, 1, 1)
    with pytest.raises(DataError, match="expected: at most 1000 pictures"):
        draw_samples(images, torch.zeros(1001, dtype=torch.int64), NAMES)


def test_mistakes_that_do_not_fit_are_refused():
    labels = torch.arange(10)
    with pytest.raises(DataError, match="10 probabilities, 2 names"):
        draw_mistakes(grey_pictures(2), torch.tensor([0, 1]), torch.eye(10)[:2], "ab")
    with pytest.raises(DataError, match="count 0"):
        draw_mistakes(grey_pictures(10), labels, torch.eye(10), NAMES, count=0)
    with pytest.raises(ModelError, match="not probabilities"):
        draw_mistakes(grey_pictures(10), labels, 2 * torch.eye(10), NAMES)
