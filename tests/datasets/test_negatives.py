"""Pictures that are not digits: their form, their seed, and what is kept apart for testing."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import label

from thumbnet.datasets import negative_digits, negative_fonts, negative_pen, negatives
from thumbnet.datasets.mnist import load_mnist
from thumbnet.datasets.negative_drawings import FIT_DRAWINGS
from thumbnet.datasets.negative_fonts import FIT_FONTS, LETTERS, PILLOW_FONT, SYMBOLS, TEST_FONTS
from thumbnet.datasets.negative_held_back import HELD_BACK_DRAWINGS
from thumbnet.datasets.negative_letters import LETTER_FORMS
from thumbnet.datasets.negatives import DIGIT_LOOKALIKES, FIT_KINDS, TEST_KINDS, make_negatives
from thumbnet.errors import DataError

KINDS = FIT_KINDS + TEST_KINDS
NEED_DIGITS = ("half-digits", "two-digits", "scribbled-out")
FILL_THE_PICTURE = ("noise", "grids")


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return load_mnist("test").images[:1000, 0].numpy()


@pytest.fixture(scope="module")
def made(digits: np.ndarray) -> dict[str, np.ndarray]:
    return {kind: make_negatives(kind, 120, 3, digits) for kind in KINDS}


def all_sketches() -> list[str]:
    tables = (LETTER_FORMS, FIT_DRAWINGS, HELD_BACK_DRAWINGS)
    return [form for table in tables for forms in table.values() for form in forms]


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_64_pixels_of_uint8(made: dict[str, np.ndarray], kind: str) -> None:
    assert made[kind].shape == (120, 64, 64)
    assert made[kind].dtype == np.uint8


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_makes_the_same_pictures_however_many(
    made: dict[str, np.ndarray], digits: np.ndarray, kind: str
) -> None:
    assert np.array_equal(make_negatives(kind, 25, 3, digits), made[kind][:25])


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_makes_other_pictures(
    made: dict[str, np.ndarray], digits: np.ndarray, kind: str
) -> None:
    other = make_negatives(kind, 25, 4, digits)
    assert not np.array_equal(other, made[kind][:25])


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_one_kind_differ(made: dict[str, np.ndarray], kind: str) -> None:
    with_ink = [picture.tobytes() for picture in made[kind] if picture.any()]
    assert len(set(with_ink)) == len(with_ink)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in FILL_THE_PICTURE])
def test_every_picture_has_ink_on_black(made: dict[str, np.ndarray], kind: str) -> None:
    assert (made[kind].max(axis=(1, 2)) >= 100).all()
    num_ink = (made[kind] > 60).sum(axis=(1, 2))
    assert num_ink.min() >= 10
    assert (made[kind] == 0).mean() > 0.5


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in FILL_THE_PICTURE])
def test_ink_keeps_away_from_the_edges(made: dict[str, np.ndarray], kind: str) -> None:
    inside = made[kind].copy()
    inside[:, 2:-2, 2:-2] = 0
    assert inside.max() <= 60, "only a blur may reach into the margin"
    inside[:, 1:-1, 1:-1] = 0
    assert inside.max() <= 10


def test_about_one_in_seven_pictures_of_noise_is_blank(digits: np.ndarray) -> None:
    pictures = make_negatives("noise", 1000, 0, digits)
    blank = ~pictures.any(axis=(1, 2))
    # Four standard deviations of a share of 0.15 among 1000.
    assert abs(blank.mean() - 0.15) < 0.045


def test_every_grid_has_ink(made: dict[str, np.ndarray]) -> None:
    assert made["grids"].any(axis=(1, 2)).all()


def test_kinds_to_fit_and_to_test_are_disjoint() -> None:
    assert len(set(KINDS)) == len(KINDS) == 13
    assert not set(FIT_KINDS) & set(TEST_KINDS)


def test_fonts_to_fit_and_to_test_are_disjoint_files() -> None:
    files = [negative_fonts.font_path(name) for name in FIT_FONTS + TEST_FONTS if is_file(name)]
    contents = {path.read_bytes() for path in files}
    assert len(contents) == len(files) == len(FIT_FONTS) + len(TEST_FONTS) - 1
    assert PILLOW_FONT not in FIT_FONTS


def is_file(name: str) -> bool:
    return name != PILLOW_FONT


def test_drawings_to_fit_and_to_test_are_disjoint() -> None:
    assert not set(FIT_DRAWINGS) & set(HELD_BACK_DRAWINGS)
    assert len(FIT_DRAWINGS) >= 20
    assert len(HELD_BACK_DRAWINGS) >= 10
    assert len(set(all_sketches())) == len(all_sketches())


def test_no_letter_that_is_written_like_a_digit() -> None:
    assert not set(DIGIT_LOOKALIKES) & {*LETTER_FORMS, *LETTERS, *SYMBOLS}
    assert not set("0123456789") & {*LETTER_FORMS, *LETTERS, *SYMBOLS}
    # The Greek and Cyrillic letters of these names have the shape of 0, 1, 3, 4, 5, 6 or 8.
    lookalikes = ("OMICRON", "IOTA", "SIGMA", "DELTA", "THETA", "PHI", "ZETA", "XI", "EPSILON")
    lookalikes += (" O", " ZE", " E", " CHE", " BE", " EF", " BYELORUSSIAN-UKRAINIAN I")
    drawn_otherwise = {"Σ", "Δ"}  # The capitals alone.
    names = {sign: unicodedata.name(sign) for sign in SYMBOLS if sign not in drawn_otherwise}
    assert not [sign for sign, name in names.items() if name.endswith(lookalikes)]


def test_all_other_letters_have_handwritten_forms() -> None:
    assert set(LETTER_FORMS) == set(LETTERS)
    assert len(LETTERS) == 52 - len(set(DIGIT_LOOKALIKES) - {"|"})
    assert all(len(forms) >= 2 for forms in LETTER_FORMS.values())


@pytest.mark.parametrize("name", [*FIT_FONTS, *TEST_FONTS])
def test_font_has_every_sign_that_is_printed_in_it(name: str) -> None:
    signs = LETTERS if name in negative_fonts._LETTERS_ONLY else LETTERS + SYMBOLS
    missing = negative_fonts._glyph(name, "\ufffe").tobytes()
    glyphs = [negative_fonts._glyph(name, sign).tobytes() for sign in signs]
    assert missing not in glyphs
    # Greek Λ and Cyrillic Л, or Γ and Г, may be one drawing; Latin letters are not.
    assert len(set(glyphs[: len(LETTERS)])) == len(LETTERS)


@pytest.mark.parametrize("text", all_sketches())
def test_curve_passes_through_every_point_that_is_written(text: str) -> None:
    sketch = negative_pen.parse_sketch(text)
    samples = sketch.curve @ sketch.points
    written = [
        [float(value) / 100 for value in token.rstrip("*").split(",")]
        for stroke in text.split("/")
        for token in stroke.split()
        if not stroke.strip().startswith("@")
    ]
    for point in written:
        assert np.hypot(*(samples - point).T).min() < 1e-9
    assert sketch.starts[-1] == len(samples)
    assert len(sketch.starts) == text.count("/") + 2


def test_corner_is_sharp_and_other_points_are_round() -> None:
    def turns_deg(text: str) -> np.ndarray:
        sketch = negative_pen.parse_sketch(text)
        steps = np.diff(sketch.curve @ sketch.points, axis=0)
        angles = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
        return np.degrees(np.abs(np.diff(angles)))

    assert turns_deg("0,0 50,0* 50,50").max() == pytest.approx(90)
    assert turns_deg("0,0 50,0 50,50").max() < 45


def test_half_digit_is_wide_and_has_no_loop(
    monkeypatch: pytest.MonkeyPatch, digits: np.ndarray
) -> None:
    # A blur or grain would close and open loops.
    monkeypatch.setattr(negative_digits, "finish", lambda image, _: np.asarray(image))
    for picture in make_negatives("half-digits", 100, 5, digits):
        ys, xs = np.nonzero(picture > 60)
        assert np.ptp(xs) >= 1.3 * np.ptp(ys)
        assert label(picture <= 60)[1] == 1


def test_half_digit_keeps_about_half_of_the_ink(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(negative_digits, "finish", lambda image, _: np.asarray(image))
    ring = np.zeros((28, 28), np.uint8)
    ring[4:24, 6:22] = 255
    ring[8:20, 10:18] = 0
    for index in range(50):
        rng = np.random.default_rng(index)
        whole = negative_digits._placed(
            negative_digits._cropped(negative_digits.Image.fromarray(ring)), 50, rng
        )
        share = negative_digits._cut(np.asarray(whole), rng).sum() / np.asarray(whole).sum()
        assert 0.33 < share < 0.62


def test_digits_that_are_all_one_cannot_be_halved() -> None:
    ones = np.zeros((3, 28, 28), np.uint8)
    ones[:, 4:24, 12:15] = 255
    with pytest.raises(DataError, match=r"no digit could be cut(.|\n)*not only of 1\n  fix: pass"):
        make_negatives("half-digits", 1, 0, ones)


def test_joined_ones_are_wider_than_one() -> None:
    ones = np.zeros((1, 28, 28), np.uint8)
    ones[:, 4:24, 12:15] = 255
    for picture in make_negatives("two-digits", 20, 0, ones):
        assert label(picture > 60)[1] >= 2


@pytest.mark.parametrize("kind", NEED_DIGITS)
def test_missing_digits_are_asked_for(kind: str) -> None:
    with pytest.raises(DataError, match=rf"'{kind}' are made from digits(.|\n)*fix: pass digits="):
        make_negatives(kind, 1, 0)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(NEED_DIGITS)))
def test_other_kinds_take_no_notice_of_digits(made: dict[str, np.ndarray], kind: str) -> None:
    assert np.array_equal(make_negatives(kind, 3, 3), made[kind][:3])


@pytest.mark.parametrize(
    "wrong",
    [
        np.ones((2, 28, 28), np.float32),
        np.ones((2, 1, 28, 28), np.uint8),
        np.ones((2, 64, 64), np.uint8),
        np.ones((0, 28, 28), np.uint8),
        np.zeros((2, 28, 28), np.uint8),
    ],
    ids=["float", "four axes", "size", "none", "blank"],
)
def test_digits_of_another_form_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"digits (of the wrong form|without ink)\n  got: "):
        make_negatives("two-digits", 1, 0, wrong)


def test_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(DataError, match=r"got: scribles(.|\n)*did you mean 'scribbles'\?"):
        make_negatives("scribles", 1, 0)


@pytest.mark.parametrize(("num", "seed"), [(-1, 0), (1, -1), (1, 2**64)])
def test_number_and_seed_out_of_range_are_refused(num: int, seed: int) -> None:
    with pytest.raises(DataError, match=rf"got: num {num}, seed {seed}\n  expected: num of"):
        make_negatives("noise", num, seed)


def test_none_are_made_if_none_are_asked_for() -> None:
    assert make_negatives("drawings", 0, 0).shape == (0, 64, 64)


def test_missing_font_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("matplotlib.get_data_path", lambda: str(tmp_path))
    with pytest.raises(DataError, match=r"without one of its fonts\n  got: .*cmr10\.ttf\n  fix: "):
        negative_fonts.font_path("cmr10")


def test_public_names_are_there() -> None:
    assert set(negatives.__all__) <= set(dir(negatives))
