"""One picture file to uint8 pixels, within limits, and pixels to the size that a model takes.

Formats: PNG, JPEG, WebP, BMP, GIF, TIFF and the PPM family (PBM, PGM, PPM, PNM, PFM). Everything
that can be wrong with a picture is an ``ImageError``; nothing here ever emits a warning.
"""

from __future__ import annotations

import re
import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from thumbnet.errors import ImageError

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

T = TypeVar("T")

MAX_PIXELS = 64_000_000
MAX_FILE_BYTES = 256 * 1024 * 1024
IMAGE_SUFFIXES = frozenset(
    {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
    | {".pbm", ".pgm", ".ppm", ".pnm", ".pfm"}
)
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
FORMATS_TEXT = "a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM picture"

_EXIF_ORIENTATION = 0x0112
_PNG_BLOCK_BYTES = 1024 * 1024
# First column, first row, and the steps from there, of each pass of an interlaced PNG.
_ADAM7_PASSES = [
    *[(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)],
    *[(0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)],
]
_GREY_MODES = ("1", "L", "LA", "La")
# Python's warning filters belong to the whole process, so concurrent decodings share one
# suppression: the first to come sets it and the last to leave restores what was before.
_quiet_lock = threading.Lock()
_quiet_users: list[warnings.catch_warnings[None]] = []
_quiet_depth = 0


def decode_image(source: Path | bytes, name: str | None = None) -> np.ndarray:
    """Decode one picture to uint8 ``(H, W, C)``: C is 1 for a grey picture, otherwise 3 (RGB).

    The EXIF orientation is applied; transparency is composited on white; of an animation the first
    frame is taken; a palette counts as colour; colour profiles are ignored. 16-bit grey is scaled
    by 255/65535 and rounded; 32-bit integers must lie in 0–65535 and are scaled alike; floats are
    taken as 0–1 if none is above 1, otherwise as 0–255.

    Args:
        source: a file, or the bytes of one.
        name: what an error calls the picture; the path by default.

    Raises:
        ImageError: missing, not a file, empty, over ``MAX_FILE_BYTES``, over ``MAX_PIXELS`` (by its
            header, before any pixel is decoded), truncated, corrupt, or of another format.
    """
    return _decode(source, name, lambda image, label: _to_uint8(_upright(image), label))


def decode_grey(
    source: Path | bytes, name: str | None = None, *, side_px: int
) -> tuple[np.ndarray, tuple[int, int]]:
    """Decode one picture to grey, and spare the work of pixels that are not needed.

    As ``decode_image`` and ``to_grey``, but a JPEG is decoded at a half, a quarter or an eighth of
    its size as long as its longer side keeps ``side_px``.

    Returns:
        uint8 ``(h, w)``, and the height and width of the whole upright picture.

    Raises:
        ImageError: as ``decode_image``.
    """

    def upright_grey(image: Image, label: str) -> tuple[np.ndarray, tuple[int, int]]:
        upright = _upright(image)
        pixels = to_grey(_to_uint8(upright, label))
        width, height = whole if upright.size == image.size else whole[::-1]
        return pixels, (height, width)

    whole = (0, 0)

    def shrink(image: Image) -> None:
        nonlocal whole
        whole = image.size
        # The decoder takes any size at least as large as asked for in both directions.
        share = min(1.0, side_px / max(image.size))
        image.draft("L", (int(image.width * share), int(image.height * share)))

    return _decode(source, name, upright_grey, shrink)


def to_grey(pixels: np.ndarray) -> np.ndarray:
    """Return uint8 ``(H, W, 1 or 3)`` as uint8 ``(H, W)``, by ITU-R BT.601 luma as in Pillow."""
    import numpy as np
    from PIL import Image

    if pixels.shape[2] == 1:
        return pixels[:, :, 0]
    return np.asarray(Image.fromarray(pixels).convert("L"))


def image_to_pixels(image: Image, name: str = "image") -> np.ndarray:
    """Return an opened Pillow picture as ``decode_image`` returns the same picture's file.

    Raises:
        ImageError: its file, which Pillow reads only now, is truncated or corrupt.
    """
    try:
        with quiet_pillow():
            image.load()
            return _to_uint8(_upright(image), name)
    except ImageError:
        raise
    except Exception as error:
        raise _damaged(name, error) from error


def fit_image(pixels: np.ndarray, channels: int, size_px: int) -> np.ndarray:
    """Return uint8 ``(H, W, 1 or 3)`` as uint8 ``(channels, size_px, size_px)``.

    RGB becomes grey by ITU-R BT.601 luma (Pillow's ``convert("L")``), before resizing; grey becomes
    RGB by repetition. The whole picture is resized to the square with Pillow's antialiased bilinear
    filter, so its aspect is not kept: as ``torchvision.transforms.Resize((size_px, size_px))``. At
    the right size the pixels are not touched.

    Raises:
        ImageError: the pixels, ``channels`` or ``size_px`` are not of this form.
    """
    import numpy as np
    from PIL import Image

    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
        raise ImageError(
            "pixels of the wrong form",
            got=f"{pixels.dtype} {pixels.shape}",
            expected="uint8 (H, W, 1 or 3)",
        )
    if channels not in (1, 3) or size_px < 1:
        raise ImageError(
            "no picture can have this form",
            got=f"{channels} channels, {size_px} pixels wide",
            expected="1 or 3 channels, and at least 1 pixel",
        )
    height, width, found_channels = pixels.shape
    if found_channels == 3 and channels == 1:
        pixels = to_grey(pixels)[:, :, None]
    if (height, width) != (size_px, size_px):
        image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        resized = image.resize((size_px, size_px), Image.Resampling.BILINEAR)
        pixels = np.asarray(resized).reshape(size_px, size_px, -1)
    if pixels.shape[2] != channels:
        pixels = np.repeat(pixels, channels, axis=2)
    return np.array(pixels.transpose(2, 0, 1), order="C")


def natural_key(text: str) -> tuple[list[tuple[str, int, str]], str]:
    """Return a sort key for natural order: ``a2`` before ``A10``, case ignored, a total order.

    Runs of the digits 0–9 compare as whole numbers of any length; texts that are equal up to case
    and leading zeros are ordered by their code points.
    """
    parts = re.findall(r"([^0-9]*)([0-9]*)", text.casefold())
    numbers = [(word, digits.lstrip("0")) for word, digits in parts]
    return [(word, len(digits), digits) for word, digits in numbers], text


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence every warning that Pillow's own modules raise, in whichever thread, meanwhile."""
    global _quiet_depth
    with _quiet_lock:
        if _quiet_depth == 0:
            _quiet_users.append(warnings.catch_warnings())
            _quiet_users[-1].__enter__()
            warnings.filterwarnings("ignore", module=r"PIL\.")
        _quiet_depth += 1
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet_depth -= 1
            if _quiet_depth == 0:
                _quiet_users.pop().__exit__(None, None, None)


def _decode(
    source: Path | bytes,
    name: str | None,
    finish: Callable[[Image, str], T],
    before: Callable[[Image], None] | None = None,
) -> T:
    """Open a picture within the limits; ``before`` it is decoded and to ``finish`` it, call these.

    Raises:
        ImageError: see ``decode_image``.
    """
    from PIL import Image, UnidentifiedImageError

    name = name or (str(source) if isinstance(source, Path) else "image")
    data = _read_file(source, name) if isinstance(source, Path) else source
    _check_num_bytes(len(data), name)
    try:
        with quiet_pillow(), Image.open(BytesIO(data), formats=FORMATS) as image:
            _check_num_pixels(image.size, name)
            if before is not None:
                before(image)
            image.load()
            if image.format == "PNG":
                _check_png_rows(data, image)
            return finish(image, name)
    except ImageError:
        raise
    except UnidentifiedImageError:
        raise ImageError(
            f"'{name}' is not a picture that can be read",
            got=f"{len(data)} bytes that begin with {data[:8].hex(' ')}",
            expected=FORMATS_TEXT,
        ) from None
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"'{name}' has too many pixels", got=error, expected=f"at most {MAX_PIXELS:,}"
        ) from None
    # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error, EOFError, KeyError and
    # more for damaged files; whichever it is, the picture is what is wrong.
    except Exception as error:
        raise _damaged(name, error) from error


def _read_file(path: Path, name: str) -> bytes:
    expected = f"a file: {FORMATS_TEXT}"
    try:
        if not path.exists():
            raise ImageError(f"there is no picture '{name}'", got=path, expected=expected)
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "neither a file nor a folder"
            raise ImageError(f"'{name}' is {kind}, not a picture", got=path, expected=expected)
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        # Also a name that is too long, or a folder that may not be looked into.
        raise ImageError(f"'{name}' cannot be read ({error.strerror})", got=path) from error


def _damaged(name: str, error: Exception) -> ImageError:
    return ImageError(
        f"'{name}' is damaged or cut off ({str(error) or type(error).__name__})",
        expected=f"a complete file: {FORMATS_TEXT}",
        fix="replace the file, or save it again as PNG",
    )


def _check_num_bytes(num_bytes: int, name: str) -> None:
    if num_bytes == 0:
        raise ImageError(f"'{name}' is empty", got="0 bytes", expected=FORMATS_TEXT)
    if num_bytes > MAX_FILE_BYTES:
        raise ImageError(
            f"'{name}' is too large a file",
            got=f"{num_bytes:,} bytes or more",
            expected=f"at most {MAX_FILE_BYTES:,} bytes",
        )


def _check_num_pixels(size: tuple[int, int], name: str) -> None:
    width, height = size
    if not 1 <= width * height <= MAX_PIXELS:
        raise ImageError(
            f"'{name}' has too many pixels" if width * height else f"'{name}' has no pixel",
            got=f"{width} × {height} = {width * height:,}",
            expected=f"1 to {MAX_PIXELS:,}",
            fix="save it smaller" if width * height else None,
        )


def _check_png_rows(data: bytes, image: Image) -> None:
    """Raise ValueError if the compressed rows end before the header says (ISO/IEC 15948, 9.2).

    Pillow leaves missing rows zero without a word.
    """
    # Counting costs a quarter of a tiny picture's decoding, so other pictures are spared it.
    last_row = image.crop((0, image.height - 1, image.width, image.height))
    if "interlace" not in image.info and last_row.getbbox(alpha_only=False):
        return
    width, height, bits, colour_type, _, _, interlace = struct.unpack_from(">IIBBBBB", data, 16)
    pixel_bits = bits * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
    num_missing = 0
    for x, y, x_step, y_step in _ADAM7_PASSES if interlace else [(0, 0, 1, 1)]:
        columns, rows = -(-(width - x) // x_step), -(-(height - y) // y_step)
        if columns > 0 and rows > 0:
            num_missing += rows * (1 + (columns * pixel_bits + 7) // 8)
    decompressor = zlib.decompressobj()
    position = 8
    while num_missing > 0 and position + 8 <= len(data):
        num_bytes, kind = struct.unpack_from(">I4s", data, position)
        rest = data[position + 8 : position + 8 + num_bytes] if kind == b"IDAT" else b""
        while rest and num_missing > 0:
            num_missing -= len(decompressor.decompress(rest, _PNG_BLOCK_BYTES))
            rest = decompressor.unconsumed_tail
        position += 12 + num_bytes
    if num_missing > 0:
        raise ValueError(f"{num_missing:,} bytes of its rows are missing")


def _upright(image: Image) -> Image:
    """Apply the EXIF orientation; an EXIF block that cannot be parsed counts as none."""
    from PIL.Image import Transpose

    # Pillow's getexif costs a third of a small picture's decoding, so it is asked only when needed.
    if not any(key in image.info for key in ("exif", "Raw profile type exif", "xmp")):
        return image
    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION)
    except Exception:
        return image
    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _to_uint8(image: Image, name: str) -> np.ndarray:
    """Return a loaded picture of any mode as uint8 ``(H, W, 1 or 3)`` on white."""
    import numpy as np
    from PIL.Image import new

    if image.mode[0] in "IF":
        return _scale_deep_grey(np.asarray(image), image.info.get("transparency"), name)[:, :, None]
    colour = "L" if image.mode in _GREY_MODES else "RGB"
    if image.has_transparency_data:
        with_alpha = image.convert("LA" if colour == "L" else "RGBA")
        opaque = new(colour, image.size, "white")
        opaque.paste(with_alpha.convert(colour), mask=with_alpha.getchannel("A"))
    else:
        opaque = image if image.mode == colour else image.convert(colour)
    return np.array(opaque).reshape(image.height, image.width, -1)


def _scale_deep_grey(values: np.ndarray, transparent: object, name: str) -> np.ndarray:
    import numpy as np

    low, high = values.min(), values.max()
    top = 65535 if values.dtype.kind in "iu" else (1 if high <= 1 else 255)
    if not (low >= 0 and high <= top):
        raise ImageError(
            f"'{name}' has grey values whose white is not known",
            got=f"{values.dtype} from {low} to {high}",
            expected="integers in 0–65535, or floats in 0–1 or 0–255",
            fix="save it as an 8-bit or 16-bit picture",
        )
    scaled = np.rint(values.astype(np.float64) * (255 / top)).astype(np.uint8)
    if isinstance(transparent, int):
        scaled[values == transparent] = 255
    return scaled
