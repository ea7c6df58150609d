from __future__ import annotations

import numpy as np
import pytest

from thumbnet.datasets.mnist import load_mnist
from thumbnet.datasets.redrawn_digits import redraw_digits
from thumbnet.errors import DataError


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return load_mnist("test").images[:60, 0].numpy()


def test_redrawn_digits_are_the_same_digits_with_other_strokes(digits: np.ndarray) -> None:
    pictures, chosen = redraw_digits(digits, 20, 3)
    assert pictures.shape == (20, 64, 64)
    assert pictures.dtype == np.uint8
    assert len(set(chosen.tolist())) == 20
    shares = (pictures > 100).mean((1, 2))
    # From a hair-thin pen to a marker, and never a blot or nothing.
    assert shares.min() > 0.005
    assert shares.max() < 0.45
    assert shares.max() > 2 * shares.min()
    # Nothing is cut off.
    assert pictures[:, [0, -1]].max() < 60
    assert pictures[:, :, [0, -1]].max() < 60


def test_a_seed_gives_the_same_pictures(digits: np.ndarray) -> None:
    first, second = redraw_digits(digits, 5, 1), redraw_digits(digits, 5, 1)
    assert (first[0] == second[0]).all()
    assert (first[1] == second[1]).all()
    assert (redraw_digits(digits, 5, 2)[0] != first[0]).any()


@pytest.mark.parametrize(("num", "seed"), [(61, 0), (-1, 0), (1, -1)])
def test_more_than_there_are_is_an_error(digits: np.ndarray, num: int, seed: int) -> None:
    with pytest.raises(DataError, match="drawn again"):
        redraw_digits(digits, num, seed)
