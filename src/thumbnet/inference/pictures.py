"""What people call a picture → uint8 pixels, batched by shape within bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thumbnet.errors import ImageError
from thumbnet.images import MAX_PIXELS, decode_image, image_to_pixels

if TYPE_CHECKING:
    import numpy as np

MAX_BATCH_PIXELS = 16_000_000
"""A batch of more than one picture has at most this many, and so have all that wait."""
EDGE_PIXELS = 256
"""Each row and each column counts as so many pixels more: what resampling one needs in weights."""
MAX_SIDE_PX = 65_535
"""The largest side of a JPEG. A picture of 64 million × 1 would need weights of many gigabytes."""

_CHANNELS = (1, 3, 4)
_EXPECTED = (
    "a path, the bytes of a picture's file, a PIL image, or a uint8 array (H, W), (H, W, 1), "
    "(H, W, 3) or (H, W, 4)"
)


def decode_pictures(images: Any) -> Iterator[np.ndarray]:
    """Yield each picture as uint8 ``(H, W, C)``, C 1 or 3, one decoded at a time.

    Args:
        images: one picture or an iterable of them. A picture is a path, the bytes of a file, a PIL
            image, or a uint8 array ``(H, W)`` or ``(H, W, C)`` with C = 1, 3 or 4 (RGBA, which is
            put on white). One array ``(N, H, W, C)``, or ``(N, H, W)`` whose last axis is not 1, 3
            or 4, is N pictures.

    Raises:
        ImageError: a picture cannot be read or is none; the error names its file or its index.
    """
    if _is_one(images):
        yield _to_pixels(images, "image")
        return
    if not isinstance(images, Iterable) or isinstance(images, dict):
        raise _not_a_picture(images, "image")
    for index, picture in enumerate(images):
        yield _to_pixels(picture, f"images[{index}]")


def batches(
    pictures: Iterable[np.ndarray], batch_size: int
) -> Iterator[tuple[list[int], np.ndarray]]:
    """Yield the pictures' indices and pixels ``(N, H, W, C)`` in batches of one shape each.

    A batch is full at ``batch_size`` pictures or before ``MAX_BATCH_PIXELS``. Pictures of several
    shapes wait for others of theirs, but no more than that many pixels of them: then the largest
    group goes as it is.
    """
    import numpy as np

    waiting: dict[tuple[int, ...], list[tuple[int, np.ndarray]]] = {}
    num_waiting = 0

    def take(shape: tuple[int, ...]) -> tuple[list[int], np.ndarray]:
        group = waiting.pop(shape)
        return [index for index, _ in group], np.stack([pixels for _, pixels in group])

    def num_pixels(shape: tuple[int, ...]) -> int:
        return _weight(shape) * len(waiting[shape])

    for item in enumerate(pictures):
        shape = item[1].shape
        waiting.setdefault(shape, []).append(item)
        weight = _weight(shape)
        num_waiting += weight
        if len(waiting[shape]) >= batch_size or num_pixels(shape) + weight > MAX_BATCH_PIXELS:
            num_waiting -= num_pixels(shape)
            yield take(shape)
        elif num_waiting > MAX_BATCH_PIXELS:
            largest = max(waiting, key=num_pixels)
            num_waiting -= num_pixels(largest)
            yield take(largest)
    while waiting:
        yield take(next(iter(waiting)))


def _weight(shape: tuple[int, ...]) -> int:
    height, width = shape[:2]
    return height * width + EDGE_PIXELS * (height + width)


def _is_one(images: Any) -> bool:
    if isinstance(images, (str, Path, bytes)) or _is_pil(images):
        return True
    if not _is_array(images):
        return False
    if images.ndim == 3:
        return int(images.shape[2]) in _CHANNELS
    return int(images.ndim) != 4


def _to_pixels(picture: Any, name: str) -> np.ndarray:
    if isinstance(picture, (str, Path)):
        name = str(picture)
        pixels = decode_image(Path(picture))
    elif isinstance(picture, bytes):
        pixels = decode_image(picture, name)
    elif _is_pil(picture):
        _check_num_pixels(picture.height, picture.width, name)
        pixels = image_to_pixels(picture, name)
    elif _is_array(picture):
        pixels = _array_to_pixels(picture, name)
    else:
        raise _not_a_picture(picture, name)
    _check_sides(pixels, name)
    return pixels


def _array_to_pixels(picture: np.ndarray, name: str) -> np.ndarray:
    import numpy as np

    right_form = picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] in _CHANNELS)
    if picture.dtype != np.uint8 or not right_form:
        raise _not_a_picture(picture, name)
    _check_num_pixels(picture.shape[0], picture.shape[1], name)
    if picture.ndim == 2:
        return picture[:, :, None]
    if picture.shape[2] == 4:
        from PIL import Image

        return image_to_pixels(Image.fromarray(np.ascontiguousarray(picture)), name)
    return picture


def _check_num_pixels(height: int, width: int, name: str) -> None:
    if not 1 <= height * width <= MAX_PIXELS:
        raise ImageError(
            f"'{name}' has too many pixels" if height * width else f"'{name}' has no pixel",
            got=f"{width} × {height} = {width * height:,}",
            expected=f"1 to {MAX_PIXELS:,}",
        )


def _check_sides(pixels: np.ndarray, name: str) -> None:
    height, width = pixels.shape[:2]
    if max(height, width) > MAX_SIDE_PX:
        raise ImageError(
            f"'{name}' is too long",
            got=f"{width} × {height} pixels",
            expected=f"at most {MAX_SIDE_PX:,} a side",
        )


def _not_a_picture(value: Any, name: str) -> ImageError:
    got = f"{value.dtype} {value.shape}" if _is_array(value) else type(value).__name__
    return ImageError(f"'{name}' is not a picture", got=got, expected=_EXPECTED)


def _is_array(value: Any) -> bool:
    import numpy as np

    return isinstance(value, np.ndarray)


def _is_pil(value: Any) -> bool:
    from PIL.Image import Image

    return isinstance(value, Image)
