"""One exception tree: every message says what went wrong, what was got, what was expected, the fix.

A user's mistake is never an ``assert`` and never a traceback: the command prints ``str(error)`` and
exits with ``error.exit_code``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ThumbnetError(Exception):
    """Base of every error that Thumbnet raises on purpose.

    Args:
        what: what went wrong, one sentence without a full stop.
        got: the offending value, as the user wrote it.
        expected: what would have been right.
        fix: the next thing to do, ideally a command.
    """

    exit_code = 2

    def __init__(
        self,
        what: str,
        *,
        got: object = None,
        expected: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.what = what
        self.got = got
        self.expected = expected
        self.fix = fix
        lines = [what]
        if got is not None:
            lines.append(f"  got: {got}")
        if expected is not None:
            lines.append(f"  expected: {expected}")
        if fix is not None:
            lines.append(f"  fix: {fix}")
        super().__init__("\n".join(lines))


class RecipeError(ThumbnetError):
    """A recipe, a key or a value of it is unknown or out of range."""


class DataError(ThumbnetError):
    """A data set, archive or split cannot be used as it is."""


class ImageError(DataError):
    """One picture cannot be decoded within the limits."""


class DownloadError(DataError):
    """A data set could not be fetched, or is not what its checksum says."""


class ModelError(ThumbnetError):
    """A model name, its arguments, a model folder or its input is wrong."""


class CheckpointError(ThumbnetError):
    """A run cannot be resumed: its state is missing, damaged or of another recipe."""


class OutputError(ThumbnetError):
    """A result cannot be written where the user asked."""


class DeviceError(ThumbnetError):
    """The asked-for device or precision does not exist on this machine."""


class DivergedError(ThumbnetError):
    """Training produced a loss that is not finite."""


class MissingExtraError(ThumbnetError):
    """An optional part of Thumbnet is not installed."""


LONGEST_LIST = 20


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a phrase naming the known names, the closest first said, for an ``expected`` line.

    Of more than 20 names only the closest are listed.

    >>> nearest("epochz", ["epochs", "seed"])
    "one of: epochs, seed (did you mean 'epochs'?)"
    """
    names = sorted(known)
    matches = difflib.get_close_matches(name, names, n=5, cutoff=0.5)
    hint = f" (did you mean '{matches[0]}'?)" if matches else ""
    if len(names) > LONGEST_LIST:
        return f"one of {len(names)} names: {', '.join(matches or names[:5])}, …{hint}"
    return f"one of: {', '.join(names)}{hint}"
