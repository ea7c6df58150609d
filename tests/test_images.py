"""Pictures of every mode, against pixels worked out by hand."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from encoded_pictures import GREY, LARGE_RGB, LOSSLESS, RANDOM, RGB, encoded, png
from thumbnet.errors import ImageError
from thumbnet.images import decode_image, fit_image


@pytest.mark.parametrize("kind", LOSSLESS)
def test_rgb_keeps_its_bits_in_lossless_formats(kind: str) -> None:
    assert np.array_equal(decode_image(encoded(Image.fromarray(RGB), kind)), RGB)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_grey_keeps_its_bits_and_has_one_channel(kind: str) -> None:
    assert np.array_equal(decode_image(encoded(Image.fromarray(GREY), kind)), GREY[:, :, None])


def test_jpeg_is_what_pillow_decodes() -> None:
    data = encoded(Image.fromarray(LARGE_RGB), "JPEG")
    assert np.array_equal(decode_image(data), np.asarray(Image.open(BytesIO(data))))


def test_a_path_and_its_bytes_give_the_same_pixels(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(encoded(Image.fromarray(RGB)))
    assert np.array_equal(decode_image(path), decode_image(path.read_bytes()))


def test_a_wrong_suffix_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(encoded(Image.fromarray(RGB), "PNG"))
    assert np.array_equal(decode_image(path), RGB)


def test_bilevel_becomes_black_and_white() -> None:
    bits = GREY > 127
    decoded = decode_image(encoded(Image.fromarray(bits)))
    assert np.array_equal(decoded[:, :, 0], bits * np.uint8(255))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_and_rounded(kind: str) -> None:
    deep = np.array([[0, 128, 129, 257], [1000, 32768, 65406, 65535]], dtype=np.uint16)
    expected = [[round(int(v) * 255 / 65535) for v in row] for row in deep]
    assert decode_image(encoded(Image.fromarray(deep), kind))[:, :, 0].tolist() == expected


def test_sixteen_bit_grey_of_a_hand_made_png_is_scaled() -> None:
    rows = b"".join(b"\0" + struct.pack(">2H", *row) for row in [(0, 65535), (32768, 300)])
    assert decode_image(png(2, 2, rows, bits=16))[:, :, 0].tolist() == [[0, 255], [128, 1]]


def test_sixteen_bit_pgm_is_scaled() -> None:
    data = b"P5 3 1 65535\n" + struct.pack(">3H", 0, 32768, 65535)
    assert decode_image(data)[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.0, 0.5, 1.0], [0, 128, 255]), ([0.0, 100.4, 254.6], [0, 100, 255])],
)
def test_floats_are_unit_values_unless_one_is_above_one(
    values: list[float], expected: list[int]
) -> None:
    data = encoded(Image.fromarray(np.array([values], dtype=np.float32)), "TIFF")
    assert decode_image(data)[0, :, 0].tolist() == expected


@pytest.mark.parametrize("value", [-1.0, 256.0, float("nan"), float("inf")])
def test_floats_without_a_known_white_are_refused(value: float) -> None:
    data = encoded(Image.fromarray(np.array([[0, value]], dtype=np.float32)), "TIFF")
    with pytest.raises(ImageError, match=r"'deep\.tif' has grey values whose white is not known"):
        decode_image(data, "deep.tif")


@pytest.mark.parametrize("value", [-1, 65536])
def test_integers_beyond_sixteen_bits_are_refused(value: int) -> None:
    data = encoded(Image.fromarray(np.array([[0, value]], dtype=np.int32)), "TIFF")
    with pytest.raises(ImageError, match="integers in 0–65535"):
        decode_image(data)


def on_white(value: int, alpha: int) -> float:
    return value * alpha / 255 + (255 - alpha)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_transparency_shows_white(kind: str) -> None:
    rgba = RANDOM.integers(0, 256, (6, 6, 4), dtype=np.uint8)
    rgba[0, 0], rgba[0, 1] = (10, 20, 30, 0), (10, 20, 30, 255)
    decoded = decode_image(encoded(Image.fromarray(rgba), kind))
    expected = np.vectorize(on_white)(rgba[:, :, :3], rgba[:, :, 3:])
    assert decoded[0, 0].tolist() == [255, 255, 255]
    assert decoded[0, 1].tolist() == [10, 20, 30]
    assert np.abs(decoded - expected).max() <= 0.51


def test_transparent_grey_shows_white_and_stays_grey() -> None:
    pixels = np.array([[[0, 0], [0, 255], [100, 51]]], dtype=np.uint8)
    decoded = decode_image(encoded(Image.fromarray(pixels, "LA")))
    assert decoded[:, :, 0].tolist() == [[255, 0, 224]]


def test_a_palette_becomes_its_colours_and_its_transparent_entry_white() -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([200, 0, 0, 0, 100, 0, 0, 0, 50])
    image.putdata([0, 1, 2])
    plain = decode_image(encoded(image))
    assert plain[0].tolist() == [[200, 0, 0], [0, 100, 0], [0, 0, 50]]
    index = decode_image(encoded(image, transparency=1))
    assert index[0].tolist() == [[200, 0, 0], [255, 255, 255], [0, 0, 50]]
    alphas = decode_image(encoded(image, transparency=bytes([255, 0, 255])))
    assert alphas[0].tolist() == [[200, 0, 0], [255, 255, 255], [0, 0, 50]]


@pytest.mark.parametrize(
    ("mode", "values", "key"),
    [("L", [7, 9], 7), ("RGB", [(7, 8, 9), (1, 2, 3)], (7, 8, 9)), ("I;16", [7000, 9], 7000)],
)
def test_the_transparent_colour_of_a_png_becomes_white(
    mode: str, values: list[object], key: object
) -> None:
    image = Image.new(mode, (2, 1))
    image.putdata(values)
    decoded = decode_image(encoded(image, transparency=key))
    assert set(decoded[0, 0].tolist()) == {255}
    assert decoded[0, 1].max() < 10


def test_cmyk_becomes_rgb() -> None:
    image = Image.new("CMYK", (1, 1), (255, 0, 0, 0))
    assert decode_image(encoded(image, "TIFF"))[0, 0].tolist() == [0, 255, 255]


def test_the_first_frame_of_an_animation_is_taken() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode_image(data)[0, 0].tolist() == [255, 0, 0]


def test_one_pixel_is_a_picture() -> None:
    assert decode_image(encoded(Image.new("L", (1, 1), 9))).tolist() == [[[9]]]


# What EXIF 2.3 (4.6.4 A) says about the 0th row and column, as array operations on the stored rows.
ORIENTATIONS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a.swapaxes(0, 1)[::-1],
}


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(RGB), kind, exif=exif)
    assert np.array_equal(decode_image(data), ORIENTATIONS[orientation](RGB))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_of_a_jpeg_is_applied(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(LARGE_RGB)
    stored = np.asarray(Image.open(BytesIO(encoded(image, "JPEG"))))
    data = encoded(image, "JPEG", exif=exif)
    assert np.array_equal(decode_image(data), ORIENTATIONS[orientation](stored))


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01" * 30]
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_corrupt_exif_is_harmless(kind: str, exif: bytes) -> None:
    image = Image.fromarray(LARGE_RGB)
    assert np.array_equal(
        decode_image(encoded(image, kind, exif=exif)), decode_image(encoded(image, kind))
    )


def test_pixels_can_be_written_to() -> None:
    decoded = decode_image(encoded(Image.fromarray(RGB)))
    assert decoded.flags.writeable
    assert fit_image(decoded, 3, 5).flags.writeable
