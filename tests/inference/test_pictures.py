from __future__ import annotations

import io
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from thumbnet.errors import ImageError
from thumbnet.images import decode_image
from thumbnet.inference import pictures as module
from thumbnet.inference.pictures import batches, decode_pictures

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (5, 7), dtype=np.uint8)
RGB = RANDOM.integers(0, 256, (5, 7, 3), dtype=np.uint8)
RGBA = RANDOM.integers(0, 256, (5, 7, 4), dtype=np.uint8)


def _png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def _decoded(images: Any) -> list[np.ndarray]:
    return list(decode_pictures(images))


def _assert_same(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == np.uint8
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("pixels", [GREY, RGB, RGBA])
def test_one_picture_of_any_form_is_its_file_decoded(pixels: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(_png(pixels))
    expected = decode_image(path)
    view = np.ascontiguousarray(pixels[::-1, ::-1])[::-1, ::-1]
    for form in (path, str(path), path.read_bytes(), Image.fromarray(pixels), pixels, view):
        _assert_same(_decoded(form), [expected])
        _assert_same(_decoded([form]), [expected])
        _assert_same(_decoded(each for each in (form, form)), [expected] * 2)


def test_transparent_pixels_are_white() -> None:
    pixels = RGBA.copy()
    pixels[:, :, 3] = 0
    _assert_same(_decoded(pixels), [np.full((5, 7, 3), 255, np.uint8)])
    pixels[:, :, 3] = 255
    _assert_same(_decoded(pixels), [pixels[:, :, :3]])


def test_sequence_mixes_forms_and_keeps_the_order(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(_png(RGB))
    mixed = [GREY, tmp_path / "a.png", Image.fromarray(GREY), RGB, _png(GREY), GREY[:, :, None]]
    grey = GREY[:, :, None]
    expected = [grey, RGB, grey, RGB, grey, grey]
    _assert_same(_decoded(mixed), expected)
    _assert_same(_decoded(tuple(mixed)), expected)
    _assert_same(_decoded(deque(mixed)), expected)


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((2, 5, 7), [(5, 7, 1)] * 2),
        ((1, 28, 28), [(28, 28, 1)]),
        ((5, 7, 1), [(5, 7, 1)]),
        ((3, 7, 3), [(3, 7, 3)]),
        ((5, 7, 4), [(5, 7, 3)]),
        ((2, 5, 7, 1), [(5, 7, 1)] * 2),
        ((2, 5, 7, 3), [(5, 7, 3)] * 2),
        ((2, 5, 7, 4), [(5, 7, 3)] * 2),
        ((0, 5, 7), []),
        ((0, 5, 7, 3), []),
    ],
)
def test_array_is_one_picture_or_many_by_its_last_axis(
    shape: tuple[int, ...], found: list[tuple[int, ...]]
) -> None:
    array = RANDOM.integers(0, 256, shape, dtype=np.uint8)
    assert [picture.shape for picture in _decoded(array)] == found


def test_no_pictures_are_none() -> None:
    assert _decoded([]) == _decoded(()) == []


@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        (np.zeros((5, 7)), r"float64 \(5, 7\)"),
        (np.zeros((5, 7), np.int64), "int64"),
        (np.zeros((5, 7), bool), "bool"),
        (np.zeros(5, np.uint8), r"uint8 \(5,\)"),
        (np.uint8(3), "uint8"),
        (np.array(3, np.uint8), r"uint8 \(\)"),
        (np.zeros((1, 5, 7, 3, 1), np.uint8), r"uint8 \(1, 5, 7, 3, 1\)"),
        (np.zeros((1, 5, 7, 2), np.uint8), r"uint8 \(5, 7, 2\)"),
        (3, "int"),
        (None, "NoneType"),
        ({"a": GREY}, "dict"),
        ([GREY, None], "NoneType"),
        ([[1, 2], [3, 4]], "list"),
        ([GREY, np.zeros((2, 5, 7), np.uint8)], r"uint8 \(2, 5, 7\)"),
    ],
)
def test_value_that_is_no_picture_is_an_image_error(wrong: Any, got: str) -> None:
    with pytest.raises(ImageError, match=rf"is not a picture\n  got: {got}(.|\n)*expected: a path"):
        _decoded(wrong)


@pytest.mark.parametrize(
    "empty",
    [
        np.zeros((0, 7), np.uint8),
        np.zeros((5, 0, 3), np.uint8),
        np.zeros((2, 0, 7), np.uint8),
        Image.new("L", (0, 5)),
    ],
)
def test_picture_without_a_pixel_is_an_image_error(empty: Any) -> None:
    with pytest.raises(ImageError, match=r"'(image|images\[0\])' has no pixel"):
        _decoded(empty)


@pytest.mark.parametrize("form", ["array", "PIL"])
def test_picture_with_too_many_pixels_is_an_image_error(
    monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(module, "MAX_PIXELS", 34)
    picture = GREY if form == "array" else Image.fromarray(GREY)
    with pytest.raises(ImageError, match=r"'images\[1\]' has too many pixels\n  got: 7 × 5 = 35"):
        _decoded([GREY[1:], picture])


@pytest.mark.parametrize("shape", [(65_536, 1), (1, 65_536), (65_536, 1, 3)])
def test_picture_that_is_too_long_is_an_image_error(shape: tuple[int, ...]) -> None:
    picture = np.zeros(shape, np.uint8)
    for form in (picture, Image.fromarray(picture), _png(picture)):
        with pytest.raises(ImageError, match=r"'image' is too long\n  got: (.|\n)*at most 65,535"):
            _decoded(form)
    _decoded(picture[:65_535, :65_535])


def test_error_names_the_file_or_the_index(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    for wrong, name in (
        (tmp_path / "a.png", r"a\.png' is not a picture that can be read"),
        (tmp_path / "none.png", r"no picture '.*none\.png'"),
        (tmp_path, "is a folder"),
        (tmp_path / ("x" * 300), "cannot be read"),
        (b"no picture", r"images\[1\]"),
        (_png(RGB)[:60], r"images\[1\]"),
        (b"", r"'images\[1\]' is empty"),
        (np.zeros(3), r"images\[1\]"),
    ):
        with pytest.raises(ImageError, match=name):
            _decoded([GREY, wrong])


def test_pil_picture_whose_file_is_cut_off_is_an_image_error() -> None:
    cut_off = pytest.raises(ImageError, match="'image' is damaged or cut off")
    with Image.open(io.BytesIO(_png(RGB)[:80])) as image, cut_off:
        _decoded(image)


def _pictures(sizes: list[tuple[int, int]]) -> list[np.ndarray]:
    return [
        np.full((height, width, 1), index % 256, np.uint8)
        for index, (height, width) in enumerate(sizes)
    ]


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), max_size=40),
    st.integers(1, 5),
    st.integers(1, 40),
)
def test_batches_hold_each_picture_once_and_are_bounded(
    sizes: list[tuple[int, int]], batch_size: int, max_pixels: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MAX_BATCH_PIXELS", max_pixels)
        patch.setattr(module, "EDGE_PIXELS", 0)
        pictures = _pictures(sizes)
        seen: list[int] = []
        for indices, pixels in batches(pictures, batch_size):
            assert len(indices) == len(pixels) <= batch_size
            assert len(indices) == 1 or pixels.size <= max_pixels
            for index, picture in zip(indices, pixels, strict=True):
                np.testing.assert_array_equal(picture, pictures[index])
            assert indices == sorted(indices)
            seen += indices
    assert sorted(seen) == list(range(len(sizes)))


def test_pictures_of_one_shape_fill_batches_though_others_lie_between() -> None:
    pictures = _pictures([(2, 3), (3, 2)] * 5)
    found = [indices for indices, _ in batches(pictures, 4)]
    assert found == [[0, 2, 4, 6], [1, 3, 5, 7], [8], [9]]


def test_long_pictures_make_small_batches() -> None:
    pictures = [np.zeros((60_000, 1, 1), np.uint8)] * 3 + [np.zeros((28, 28, 1), np.uint8)] * 70
    assert [len(indices) for indices, _ in batches(pictures, 64)] == [1, 1, 1, 64, 6]


def test_pixels_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BATCH_PIXELS", 100)
    monkeypatch.setattr(module, "EDGE_PIXELS", 0)
    decoded = 0

    def pictures() -> Any:
        nonlocal decoded
        for width in range(1, 60):
            decoded += 10 * (width % 7 + 1)
            yield np.zeros((10, width % 7 + 1, 1), np.uint8)

    answered = 0
    for _, pixels in batches(pictures(), 1000):
        assert decoded - answered <= 100 + 70
        answered += pixels.size
    assert answered == decoded
