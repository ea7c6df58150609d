"""Made photos: the same for the same seed, of every kind, and true about what they say."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from thumbnet.datasets.made_digits import make_digits
from thumbnet.datasets.scene_ink import (
    PENS,
    UNIT_PX,
    cloud,
    draw_trace,
    skip_ink,
    thin,
    trace_digit,
    trace_sketch,
)
from thumbnet.datasets.scene_kinds import CLEAN_KINDS, EMPTY_KINDS, HARD_KINDS, KINDS
from thumbnet.datasets.scene_paper import PAPERS, RULED, make_paper
from thumbnet.datasets.scene_photo import look_at, photograph
from thumbnet.datasets.scene_shrink import shrink
from thumbnet.datasets.scene_writing import Digits, Letters, Manner, RowPath, Sheet, write_row
from thumbnet.datasets.scenes import SMALLEST_PX, Scene, make_scene
from thumbnet.errors import DataError

SIZE = (480, 360)
QUICK_KINDS = sorted(set(KINDS) - {"large"})


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Made digits, 28×28, so that the tests need no torch."""
    pictures, labels = make_digits(200, 3)
    small = [np.asarray(Image.fromarray(each).resize((20, 20))) for each in pictures]
    return np.pad(np.stack(small), ((0, 0), (4, 4), (4, 4))), labels


@pytest.fixture(scope="module", params=QUICK_KINDS)
def scene(request: pytest.FixtureRequest, digits: tuple[np.ndarray, np.ndarray]) -> Scene:
    """A scene of every kind, but small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, request.param, replace(KINDS[request.param], sizes=(SIZE,)))
        return make_scene(request.param, 1, *digits)


def test_scene_says_what_it_is(scene: Scene) -> None:
    look = KINDS[scene.kind]
    height, width, channels = scene.picture.shape
    assert scene.picture.dtype == np.uint8
    assert (width, height, channels) == (*SIZE, 3)
    assert scene.hard == look.hard
    assert [len(row) for row in scene.boxes] == [len(row) for row in scene.lines]
    assert all(row and set(row) <= set("0123456789") for row in scene.lines)
    assert (scene.lines == ()) == (scene.kind in EMPTY_KINDS)
    if scene.kind != "cut":  # which may have no room for the row that is cut
        assert (scene.num_others > 0) == (scene.kind in ("letters", "text", "doodles"))


def test_boxes_are_within_the_picture_and_rows_in_their_order(scene: Scene) -> None:
    height, width, _ = scene.picture.shape
    tops = []
    for row in scene.boxes:
        for left, top, right, bottom in row:
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height
        assert [box[0] for box in row] == sorted(box[0] for box in row)
        tops.append(min(box[1] for box in row))
    assert tops == sorted(tops)


def test_boxes_hold_ink(scene: Scene) -> None:
    grey = scene.picture.astype(np.float32).mean(axis=2)
    for left, top, right, bottom in (box for row in scene.boxes for box in row):
        inside = grey[top:bottom, left:right]
        # Ink differs from paper more than noise does, on every paper and in every light.
        assert np.ptp(ndimage.gaussian_filter(inside, 1.0)) > 6


def test_file_has_the_size_of_the_picture(scene: Scene) -> None:
    with Image.open(BytesIO(scene.encode())) as image:
        assert (image.height, image.width) == scene.picture.shape[:2]
        assert image.format == {".jpg": "JPEG", ".png": "PNG"}[scene.suffix]
    low, high = KINDS[scene.kind].jpeg
    assert scene.jpeg_quality is None or low <= scene.jpeg_quality <= high


def test_same_seed_gives_the_same_scene(digits: tuple[np.ndarray, np.ndarray]) -> None:
    first, again = make_scene("everyday", 5, *digits), make_scene("everyday", 5, *digits)
    assert first.encode() == again.encode()
    assert (first.lines, first.boxes) == (again.lines, again.boxes)
    assert make_scene("everyday", 6, *digits).encode() != first.encode()
    assert make_scene("plain", 5, *digits).encode() != first.encode()


def test_row_holds_its_digits_in_their_order() -> None:
    # A writer whose ten digits are hooks of ten widths: the boxes tell which was written.
    bars = np.zeros((10, 28, 28), np.uint8)
    for digit in range(10):
        bars[digit, 4, 4 : 8 + 2 * digit] = 255
        bars[digit, 4:24, 4] = 255
        bars[digit] = np.maximum(bars[digit], ndimage.grey_dilation(bars[digit], (2, 2)))
    rng = np.random.default_rng(0)
    writer = Digits(bars, np.arange(10), False, rng)
    sheet = Sheet(np.zeros((100, 1600), np.float32))
    manner = Manner(40.0, 0.08, 0.0, (0.2, 0.2), unsteady=0.0)
    write_row(sheet, ["0123", "456789"], RowPath((10, 80), 1590), writer, manner, rng)
    ((text, boxes),) = sheet.lines
    widths = [right - left for left, _, right, _ in boxes]
    assert (text, widths) == ("0123456789", sorted(widths))
    gaps = [after[0] - before[2] for before, after in pairwise(boxes)]
    assert int(np.argmax(gaps)) == 3


@pytest.mark.parametrize("kind", EMPTY_KINDS)
def test_scenes_without_digits_are_told_apart_from_clean_ones(kind: str) -> None:
    assert kind in CLEAN_KINDS or kind in HARD_KINDS
    assert set(CLEAN_KINDS).isdisjoint(HARD_KINDS)


def test_scene_is_made_smaller_until_its_file_is_small(
    digits: tuple[np.ndarray, np.ndarray],
) -> None:
    scene = replace(make_scene("plain", 0, *digits), jpeg_quality=95)
    size = len(scene.encode())
    small = shrink(scene, size // 2)
    assert len(small.encode()) <= size // 2
    scale = small.picture.shape[1] / scene.picture.shape[1]
    assert np.allclose(np.array(small.boxes[0]), scale * np.array(scene.boxes[0]), atol=1)
    assert shrink(scene, size) is scene


def test_scene_is_not_made_smaller_than_legible(digits: tuple[np.ndarray, np.ndarray]) -> None:
    boxes = [box for row in shrink(make_scene("plain", 0, *digits), 1).boxes for box in row]
    assert np.median([bottom - top for _, top, _, bottom in boxes]) >= SMALLEST_PX - 1


@pytest.mark.slow
def test_large_scene_has_twelve_megapixels(digits: tuple[np.ndarray, np.ndarray]) -> None:
    assert make_scene("large", 0, *digits).picture.size == 3 * 12_000_000


def test_unknown_kind_names_the_nearest(digits: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(DataError, match=r"got: plane\n.*did you mean 'plain'"):
        make_scene("plane", 0, *digits)


def test_negative_seed_is_refused(digits: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(DataError, match="got: -1\n  expected: 0 or more"):
        make_scene("plain", -1, *digits)


def test_digits_of_another_form_are_refused(digits: tuple[np.ndarray, np.ndarray]) -> None:
    pictures, labels = digits
    with pytest.raises(DataError, match=r"got: float64 \(200, 28, 28\) and 200 labels"):
        make_scene("plain", 0, pictures / 255, labels)
    with pytest.raises(DataError, match=r"got: uint8 \(200, 28, 28\) and 199 labels"):
        make_scene("plain", 0, pictures, labels[1:])
    with pytest.raises(DataError, match="got: none of 3, 7"):
        make_scene("plain", 0, pictures, np.where((labels == 3) | (labels == 7), 0, labels))


def test_thinned_ring_stays_a_ring_one_pixel_wide() -> None:
    ys, xs = np.mgrid[-30:31, -30:31]
    radius = np.hypot(xs, ys)
    lines = thin((radius > 12) & (radius < 24))
    assert ndimage.label(~lines)[1] == 2
    assert np.abs(radius[lines] - 18).max() < 2
    assert not ndimage.binary_erosion(lines, np.ones((2, 2))).any()


def test_stroke_is_as_wide_as_the_pen_at_every_size() -> None:
    bar = np.zeros((28, 28), np.uint8)
    bar[4:24, 12:16] = 255
    trace = trace_digit(bar)
    for size_px, radius_px in ((60.0, 2.0), (300.0, 10.0), (300.0, 25.0)):
        shade, _ = draw_trace(trace, size_px, 0.0, 0.0, 1.0, radius_px)
        middle = shade[shade.shape[0] // 2]
        assert middle.sum() == pytest.approx(2 * radius_px, rel=0.1, abs=0.5)


def test_slant_of_the_digit_gives_way_to_the_writers() -> None:
    slanted = np.zeros((28, 28), np.uint8)
    for y in range(4, 24):
        slanted[y, 18 - y // 2 : 22 - y // 2] = 255
    trace = trace_digit(slanted)
    assert trace.slant == pytest.approx(0.5, abs=0.08)
    shade, _ = draw_trace(trace, 120.0, 0.0, 0.0, 1.0, 4.0)
    assert np.ptp(np.flatnonzero(shade.any(axis=0))) < 20


def test_sketch_stands_on_its_baseline() -> None:
    trace = trace_sketch("50,0 50,100", 0.0, np.random.default_rng(0))
    shade, baseline = draw_trace(trace, 100.0, 0.0, 0.0, 1.0, 2.0)
    rows = np.flatnonzero((shade > 0.5).any(axis=1))
    assert rows[-1] == pytest.approx(baseline, abs=4)
    assert np.ptp(rows) == pytest.approx(104, abs=4)
    assert UNIT_PX == 120


def test_touching_digits_are_one_piece_and_others_are_not(
    digits: tuple[np.ndarray, np.ndarray],
) -> None:
    pieces = {}
    for touching in (0.0, 1.0):
        rng = np.random.default_rng(2)
        sheet = Sheet(np.zeros((120, 900), np.float32))
        writer = Digits(*digits, True, rng)
        manner = Manner(60.0, 0.08, 0.1, (0.15, 0.3), touching=touching)
        write_row(sheet, ["2036893"], RowPath((20, 90), 880), writer, manner, rng)
        assert sheet.lines[0][0] == "2036893"
        pieces[touching] = ndimage.label(sheet.shade > 0.4, np.ones((3, 3)))[1]
    # A form may have two strokes that do not meet; a touching row may fail to meet once.
    assert pieces[0.0] >= 7
    assert pieces[1.0] <= 3


def test_row_ends_where_the_room_does(digits: tuple[np.ndarray, np.ndarray]) -> None:
    rng = np.random.default_rng(0)
    sheet = Sheet(np.zeros((100, 300), np.float32))
    writer = Digits(*digits, False, rng)
    manner = Manner(50.0, 0.08, 0.0, (0.2, 0.3))
    write_row(sheet, ["12345", "6789012345"], RowPath((10, 80), 250), writer, manner, rng)
    ((text, boxes),) = sheet.lines
    assert 1 < len(text) < 15
    assert "123456789012345".startswith(text)
    assert boxes[-1][2] <= 250


def test_row_without_room_is_no_line(digits: tuple[np.ndarray, np.ndarray]) -> None:
    rng = np.random.default_rng(0)
    sheet = Sheet(np.zeros((100, 300), np.float32))
    row = (["4"], RowPath((10, 80), 12), Digits(*digits, False, rng))
    write_row(sheet, *row, Manner(50.0, 0.08, 0.0, (0.2, 0.3)), rng)
    assert (sheet.lines, sheet.num_others) == ([], 0)
    assert sheet.shade.max() == 0


def test_letters_are_words_of_about_the_number_asked_for() -> None:
    letters = Letters(np.random.default_rng(0))
    words = letters.groups(12, False)
    assert 12 <= sum(map(len, words)) < 20
    assert all(letters.trace(letter).distance.min() < 1 for word in words for letter in word)


def test_skipped_ink_is_about_the_share_asked_for() -> None:
    shade = np.zeros((200, 400), np.float32)
    shade[90:110] = 1
    skip_ink(shade, 0.2, 60.0, np.random.default_rng(0))
    assert shade[90:110].mean() == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("name", [*PAPERS, *RULED])
def test_papers_are_light_within_bounds(name: str) -> None:
    paper = make_paper(name, (90, 160), np.random.default_rng(0), 20.0, (7.0, 11.0))
    assert (paper.shape, paper.dtype) == ((90, 160, 3), np.float32)
    assert -0.1 <= paper.min() <= paper.max() <= 1.2


def test_lines_of_the_paper_go_through_their_point() -> None:
    paper = make_paper("lined", (60, 160), np.random.default_rng(0), 30.0, (0.0, 47.0), (1.0, 1.0))
    rows = paper.mean(axis=(1, 2))
    assert set(np.argsort(rows)[:4]) == {16, 17, 46, 47}


def test_view_sees_a_point_where_the_boxes_say() -> None:
    page = np.zeros((300, 400, 3), np.float32)
    page[140:150, 200:220] = 1
    view = look_at((240, 180), (200.0, 150.0), 6.0, 0.05, 0.02, np.random.default_rng(4))
    picture = photograph(page, (-999.0, -999.0, 999.0, 999.0), None, view)
    ys, xs = np.nonzero(picture[:, :, 0] > 0.5)
    left, top, right, bottom = view.box_in_picture((200, 140, 220, 150))
    found = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
    assert found == pytest.approx((left, top, right, bottom), abs=2)


def test_cloud_changes_slowly_and_grain_is_no_larger_than_the_page() -> None:
    slow = cloud((80, 120), 40.0, np.random.default_rng(0))
    assert slow.shape == (80, 120)
    assert np.abs(np.diff(slow, axis=1)).max() < 0.2
    assert cloud((5, 5), 100.0, np.random.default_rng(0)).shape == (5, 5)


def test_pens_are_within_what_a_hand_holds() -> None:
    for pen in PENS.values():
        assert 0.02 < pen.width[0] <= pen.width[1] < 0.25
        assert 0 < pen.opacity[0] <= pen.opacity[1] <= 1
