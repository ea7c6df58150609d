"""Pictures of every mode and every kind of damage, against pixels worked out by hand."""

from __future__ import annotations

import functools
import itertools
import random
import re
import struct
import threading
import warnings
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision.transforms.v2.functional as reference
from PIL import Image

from thumbnet import images
from thumbnet.errors import ImageError
from thumbnet.images import decode_image, fit_image, natural_key

RANDOM = np.random.default_rng(0)
RGB = RANDOM.integers(0, 256, (5, 7, 3), dtype=np.uint8)
GREY = RANDOM.integers(0, 256, (5, 7), dtype=np.uint8)
LARGE_RGB = RANDOM.integers(0, 256, (40, 50, 3), dtype=np.uint8)
LOSSLESS = ["PNG", "BMP", "TIFF", "PPM", "WEBP"]


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = BytesIO()
    if kind == "WEBP":
        options = {"lossless": True, "exact": True, **options}
    image.save(file, kind, **options)
    return file.getvalue()


def png(
    width: int, height: int, rows: bytes, *, bits: int = 8, colour: int = 0, interlace: int = 0
) -> bytes:
    """Write a PNG by hand (ISO/IEC 15948), so that its header can say anything."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


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


def test_pixels_can_be_written_to() -> None:
    decoded = decode_image(encoded(Image.fromarray(RGB)))
    assert decoded.flags.writeable
    assert fit_image(decoded, 3, 5).flags.writeable


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


@pytest.mark.parametrize("size_px", [1, 3, 28, 64])
@pytest.mark.parametrize("found", [1, 3])
def test_fitting_is_what_torchvision_does(found: int, size_px: int) -> None:
    pixels = LARGE_RGB[:, :, :found]
    image = Image.fromarray(pixels[:, :, 0] if found == 1 else pixels)
    resized = reference.resize(image, [size_px, size_px])
    expected = reference.pil_to_tensor(resized)
    assert torch.equal(torch.from_numpy(fit_image(pixels, found, size_px)), expected)


def test_the_right_size_is_not_touched() -> None:
    square = LARGE_RGB[:40, :40]
    assert np.array_equal(fit_image(square, 3, 40), square.transpose(2, 0, 1))


def test_colour_becomes_grey_by_luma() -> None:
    luma = np.rint(LARGE_RGB[:40, :40] @ np.array([0.299, 0.587, 0.114]))
    assert np.abs(fit_image(LARGE_RGB[:40, :40], 1, 40)[0] - luma).max() <= 1


def test_grey_becomes_three_equal_channels() -> None:
    fitted = fit_image(LARGE_RGB[:, :, :1], 3, 9)
    assert fitted.shape == (3, 9, 9)
    assert np.array_equal(fitted, fit_image(LARGE_RGB[:, :, :1], 1, 9).repeat(3, axis=0))


@pytest.mark.parametrize(
    "pixels", [RGB.astype(np.float32), GREY, np.zeros((2, 2, 4), dtype=np.uint8)]
)
def test_fitting_refuses_other_pixels(pixels: np.ndarray) -> None:
    with pytest.raises(ImageError, match=r"expected: uint8 \(H, W, 1 or 3\)"):
        fit_image(pixels, 3, 8)


@pytest.mark.parametrize(("channels", "size_px"), [(2, 8), (3, 0)])
def test_fitting_refuses_other_forms(channels: int, size_px: int) -> None:
    with pytest.raises(ImageError, match=f"{channels} channels, {size_px} pixels"):
        fit_image(RGB, channels, size_px)


def compare_naturally(one: str, other: str) -> int:
    """Compare character by character: an independent statement of natural order."""
    left, right = one.casefold(), other.casefold()
    while left and right:
        numbers = re.match("[0-9]+", left), re.match("[0-9]+", right)
        if numbers[0] and numbers[1]:
            values = int(numbers[0][0]), int(numbers[1][0])
            if values[0] != values[1]:
                return -1 if values[0] < values[1] else 1
            left, right = left[numbers[0].end() :], right[numbers[1].end() :]
        elif left[0] != right[0]:
            # A word that ends here, before a number, comes before a word that goes on.
            if numbers[0] or numbers[1]:
                return -1 if numbers[0] else 1
            return -1 if left[0] < right[0] else 1
        else:
            left, right = left[1:], right[1:]
    if left or right:
        return -1 if right else 1
    return (one > other) - (one < other)


def test_natural_order_agrees_with_a_comparison_by_hand() -> None:
    dice = random.Random(0)
    names = {"".join(dice.choices("aAb019 _-.é", k=dice.randint(0, 6))) for _ in range(400)}
    names = {name for name in names if not re.search(r"(?<![0-9])0", name)}
    expected = sorted(names, key=functools.cmp_to_key(compare_naturally))
    assert sorted(names, key=natural_key) == expected


def test_natural_order_counts() -> None:
    names = ["x10", "X9", "x1", "x2", "10", "9", "x", "b", "A"]
    assert sorted(names, key=natural_key) == ["9", "10", "A", "b", "x", "x1", "x2", "X9", "x10"]


def test_natural_order_is_total_and_takes_numbers_of_any_length() -> None:
    names = ["a1", "a01", "A1", "a" + "9" * 5000, "a" + "1" * 5000, "a²"]
    for order in itertools.islice(itertools.permutations(names), 0, 720, 60):
        assert sorted(order, key=natural_key) == sorted(names, key=natural_key)
    assert len({str(natural_key(name)) for name in names}) == len(names)
