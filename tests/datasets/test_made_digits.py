"""Digits from a seed: ten labels, ink on black, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from thumbnet.datasets.made_digits import (
    DIGIT_FORMS,
    PRINTED_SHARE,
    RARER_FORMS,
    make_digits,
    make_rarer_digits,
)
from thumbnet.datasets.negative_pen import SIZE_PX, Hand, draw_sketch, parse_sketch
from thumbnet.errors import DataError

ALL_FORMS = [
    (digit, form)
    for all_forms in (DIGIT_FORMS, RARER_FORMS)
    for digit, forms in all_forms.items()
    for form in forms
]


@pytest.fixture(scope="module")
def made() -> tuple[np.ndarray, np.ndarray]:
    return make_digits(600, 0)


def test_pictures_and_labels_have_their_form(made: tuple[np.ndarray, np.ndarray]) -> None:
    pictures, labels = made
    assert (pictures.dtype, pictures.shape) == (np.uint8, (600, SIZE_PX, SIZE_PX))
    assert (labels.dtype, labels.shape) == (np.int64, (600,))
    # Four standard deviations of a share of a tenth among 600.
    assert np.abs(np.bincount(labels, minlength=10) - 60).max() < 30


def test_every_picture_has_ink_on_black(made: tuple[np.ndarray, np.ndarray]) -> None:
    pictures, _ = made
    assert (pictures.max((1, 2)) >= 100).all()
    assert ((pictures > 60).sum((1, 2)) >= 20).all()
    assert (pictures < 60).mean() > 0.6


def test_same_seed_gives_the_same_pictures() -> None:
    first, second, other = make_digits(30, 7), make_digits(30, 7), make_digits(30, 8)
    for one, again in zip(first, second, strict=True):
        assert np.array_equal(one, again)
    assert not np.array_equal(first[0], other[0])


def test_pictures_of_one_digit_differ(made: tuple[np.ndarray, np.ndarray]) -> None:
    assert len({picture.tobytes() for picture in made[0]}) == 600


def test_seeds_at_both_ends_and_none_at_all() -> None:
    assert make_digits(0, 0)[0].shape == (0, SIZE_PX, SIZE_PX)
    assert len(make_digits(2, 2**32 - 1)[1]) == 2


@pytest.mark.parametrize(("num", "seed"), [(-1, 0), (3, -1)])
def test_number_and_seed_out_of_range_are_refused(num: int, seed: int) -> None:
    with pytest.raises(DataError, match=rf"got: num {num}, seed {seed}\n  expected: 0 or more"):
        make_digits(num, seed)
    with pytest.raises(DataError, match="no digits can be made"):
        make_rarer_digits(num, seed)


def test_rarer_digits_are_written_and_repeat_with_their_seed() -> None:
    pictures, labels = make_rarer_digits(40, 3)
    again, same = make_rarer_digits(40, 3)
    assert (pictures == again).all()
    assert (labels == same).all()
    assert pictures.shape == (40, SIZE_PX, SIZE_PX)
    assert {str(label) for label in labels} == set(RARER_FORMS)
    assert pictures.max((1, 2)).min() > 60
    assert (make_rarer_digits(40, 4)[0] != pictures).any()


def test_every_digit_has_forms_and_none_is_twice() -> None:
    assert list(DIGIT_FORMS) == list("0123456789")
    assert all(len(forms) >= 2 for forms in DIGIT_FORMS.values())
    forms = [form for _, form in ALL_FORMS]
    assert len(set(forms)) == len(forms)
    assert 0 < PRINTED_SHARE < 1


def test_printed_and_written_digits_are_mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    blank = np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    monkeypatch.setattr("thumbnet.datasets.made_digits.print_character", lambda *_: blank)
    printed = (make_digits(600, 1)[0].max((1, 2)) == 0).mean()
    assert abs(printed - PRINTED_SHARE) < 0.08


@pytest.mark.parametrize(("digit", "form"), ALL_FORMS)
def test_form_has_as_many_loops_as_its_digit(digit: str, form: str) -> None:
    # A steady hand; a blur may close a loop, so that most of the drawings count.
    hand = Hand(jitter=0.0, stroke_shift=0.0, slant=(0.0, 0.0), turn_deg=0.0, stretch=0.0)
    loops = [
        ndimage.label(np.pad(draw_sketch(parse_sketch(form), hand, rng) <= 60, 1))[1] - 1
        for rng in map(np.random.default_rng, range(9))
    ]
    possible = {"0": {1}, "4": {0, 1}, "6": {0, 1}, "8": {2}, "9": {0, 1}, "2": {0, 1}}
    assert int(np.median(loops)) in possible.get(digit, {0})
