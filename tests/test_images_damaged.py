"""Files that are damaged, too large or no pictures: one clear error, never a crash."""

from __future__ import annotations

import random
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from encoded_pictures import LARGE_RGB, RGB, encoded, png
from thumbnet import images
from thumbnet.errors import ImageError
from thumbnet.images import decode_image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_cut_off_file_is_refused(kind: str, share: float) -> None:
    data = encoded(Image.fromarray(LARGE_RGB), kind)
    with pytest.raises(ImageError, match=r"'cut\.x' is (damaged or cut off|not a picture)"):
        decode_image(data[: int(len(data) * share)], "cut.x")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP"])
def test_random_damage_gives_a_picture_or_an_image_error(kind: str) -> None:
    intact = encoded(Image.fromarray(RGB), kind)
    dice = random.Random(0)
    for _ in range(150):
        data = bytearray(intact)
        for _ in range(dice.randint(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            pixels = decode_image(bytes(data))
        except ImageError:
            continue
        assert pixels.dtype == np.uint8
        assert pixels.shape[2] in (1, 3)


def test_a_header_that_promises_more_rows_than_there_are_is_refused() -> None:
    rows = b"\0\1\2" * 2
    assert decode_image(png(2, 2, rows)).shape == (2, 2, 1)
    with pytest.raises(ImageError, match=r"damaged or cut off \(1,494 bytes of its rows are"):
        decode_image(png(2, 500, rows))


# Number of bytes of the rows of a 9 × 9 picture, each with its filter byte, added up by hand.
@pytest.mark.parametrize(
    ("bits", "colour", "interlace", "num_bytes"),
    [
        (8, 0, 0, 9 * 10),
        (8, 2, 0, 9 * 28),
        (16, 6, 0, 9 * 73),
        (16, 0, 0, 9 * 19),
        (1, 0, 0, 9 * 3),
        (8, 0, 1, 2 * 3 + 2 * 2 + 4 + 3 * 3 + 2 * 6 + 5 * 5 + 4 * 10),
        (1, 0, 1, 2 * 2 + 2 * 2 + 2 + 3 * 2 + 2 * 2 + 5 * 2 + 4 * 3),
    ],
)
def test_one_missing_byte_of_a_png_is_noticed_in_every_layout(
    bits: int, colour: int, interlace: int, num_bytes: int
) -> None:
    exact = png(9, 9, bytes(num_bytes), bits=bits, colour=colour, interlace=interlace)
    assert decode_image(exact).shape[:2] == (9, 9)
    short = png(9, 9, bytes(num_bytes - 1), bits=bits, colour=colour, interlace=interlace)
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_image(short)


@pytest.mark.parametrize(
    ("width", "height"), [(8001, 8000), (10_000, 10_000), (2**31 - 1, 2**31 - 1), (64_000_001, 1)]
)
def test_too_many_pixels_are_refused_by_the_header(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL.ImageFile import ImageFile

    def never(_image: ImageFile) -> None:
        raise AssertionError("a pixel was decoded")

    monkeypatch.setattr(ImageFile, "load", never)
    with pytest.raises(ImageError, match=r"'bomb' has too many pixels"):
        decode_image(png(width, height, b""), "bomb")


def test_the_largest_allowed_header_gets_as_far_as_decoding() -> None:
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_image(png(8000, 8000, b""))


def test_no_pixel_is_refused() -> None:
    with pytest.raises(ImageError, match="'flat'"):
        decode_image(png(0, 5, b""), "flat")


@pytest.mark.parametrize("data", [b"hello, world", b"%PDF-1.7", b"<svg/>", b"\0" * 100])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match=r"'x' is not a picture that can be read\n  got: \d+ byte"):
        decode_image(data, "x")


def test_other_formats_of_pillow_are_refused() -> None:
    with pytest.raises(ImageError, match="is not a picture that can be read"):
        decode_image(encoded(Image.fromarray(RGB), "ICO"))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.png"
    path.touch()
    with pytest.raises(ImageError, match=r"empty\.png' is empty"):
        decode_image(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"there is no picture '.*nowhere\.png'"):
        decode_image(tmp_path / "nowhere.png")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="is a folder, not a picture"):
        decode_image(tmp_path)


def test_a_huge_file_is_refused_without_being_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MAX_FILE_BYTES", 1000)
    path = tmp_path / "huge.png"
    path.write_bytes(bytes(5000))
    with pytest.raises(ImageError, match=r"too large a file\n  got: 1,001 bytes or more"):
        decode_image(path)


def test_warnings_of_others_are_as_before_after_concurrent_decodings() -> None:
    before = list(warnings.filters)
    data = encoded(Image.fromarray(RGB))
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        for _ in range(50):
            decode_image(data)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before
