import numpy as np
import pytest

from thumbnet.errors import DataError
from thumbnet.evaluation.canvas import save_figure
from thumbnet.evaluation.figures import draw_confusion


def cell_colours(figure):
    return np.asarray(figure.axes[0].images[0].get_array())


def test_one_mistake_among_a_thousand_hits_is_visible_and_warm():
    colours = cell_colours(draw_confusion([[1000, 1], [0, 1000]], ["a", "b"]))
    assert colours[1, 0].tolist() == [1.0, 1.0, 1.0]
    red, _, blue = colours[0, 1]
    assert blue < 0.9 < red
    red, _, blue = colours[0, 0]
    assert red < 0.2 < blue


def test_more_mistakes_are_darker():
    colours = cell_colours(draw_confusion([[900, 1, 10], [0, 900, 100], [0, 0, 900]], "abc"))
    brightness = colours.sum(axis=2)
    assert brightness[0, 1] > brightness[0, 2] > brightness[1, 2]


def test_counts_are_written_up_to_20_classes_and_zeros_are_left_blank():
    figure = draw_confusion([[7, 2], [0, 5]], ["a", "b"])
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["2", "5", "7"]
    twenty = draw_confusion(np.full((20, 20), 3).tolist(), [str(i) for i in range(20)])
    assert len(twenty.axes[0].texts) == 400
    more = draw_confusion(np.full((21, 21), 3).tolist(), [str(i) for i in range(21)])
    assert not more.axes[0].texts


def test_a_hundred_classes_have_few_labels_that_name_the_right_rows(tmp_path):
    names = [f"class {i} 中文" for i in range(100)]
    figure = draw_confusion(np.eye(100, dtype=int).tolist(), names)
    axes = figure.axes[0]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert 20 <= len(labels) <= 34
    assert labels == [names[int(place)] for place in axes.get_yticks()]
    save_figure(figure, tmp_path / "confusion.png")


def test_the_label_names_the_commonest_mistake():
    label = draw_confusion([[7, 1], [2, 5]], ["cat", "dog"]).get_label()
    assert label == (
        "Confusion table of 2 classes: 12 of 15 images are right; the commonest mistake is dog "
        "taken for cat (2 times)."
    )
    assert draw_confusion([[7]], ["cat"]).get_label().endswith("right, none is wrong.")


@pytest.mark.parametrize(
    ("confusion", "names"), [([[1, 2]], ["a", "b"]), ([[1]], ["a", "b"]), ([], [])]
)
def test_a_table_that_does_not_fit_its_names_is_a_data_error(confusion, names):
    with pytest.raises(DataError, match=f"and {len(names)} names"):
        draw_confusion(confusion, names)
