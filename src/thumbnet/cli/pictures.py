"""Which pictures the words of a command mean."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from thumbnet.errors import ImageError

STDIN = "-"


def find_pictures(words: list[str]) -> Iterator[tuple[str, Path | bytes]]:
    """Yield a name and a path (or, from stdin, the bytes) for each picture that ``words`` mean.

    A folder stands for the pictures in it and below, in natural order; a pattern for the files that
    match; ``-`` for stdin, which may hold one picture or the names of files, one a line.

    Raises:
        ImageError: a file does not exist, or a folder or pattern holds no picture.
    """
    from thumbnet.images import IMAGE_SUFFIXES, natural_key

    for word in words:
        path = Path(word)
        if word == STDIN:
            yield from _from_stdin()
        elif path.is_dir():
            found = [p for p in path.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES]
            yield from _some(word, sorted(found, key=lambda p: natural_key(p.as_posix())))
        elif path.exists() or not any(character in word for character in "*?["):
            if not path.exists():
                raise ImageError("the picture does not exist", got=word)
            yield word, path
        else:
            anchor = Path(path.anchor)
            found = list(anchor.glob(str(path.relative_to(anchor))))
            yield from _some(word, sorted(found, key=lambda p: natural_key(p.as_posix())))


def _some(word: str, found: list[Path]) -> Iterator[tuple[str, Path]]:
    if not found:
        raise ImageError("there is no picture here", got=word)
    for path in found:
        yield str(path), path


def _from_stdin() -> Iterator[tuple[str, Path | bytes]]:
    content = sys.stdin.buffer.read()
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        # Every picture format has bytes that are no UTF-8, so this is no list of names.
        yield STDIN, content
        return
    if not lines:
        raise ImageError("stdin is empty", expected="a picture, or names of files, one a line")
    yield from find_pictures([line for line in lines if line and line != STDIN])
