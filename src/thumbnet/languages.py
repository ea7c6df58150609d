"""The languages in which Thumbnet explains things to a person."""

from __future__ import annotations

from thumbnet.errors import ThumbnetError

LANGUAGES = ("en", "zh")


def check_language(language: str) -> None:
    """Raise ``ThumbnetError`` unless there are words in ``language``, one of ``LANGUAGES``."""
    if language not in LANGUAGES:
        raise ThumbnetError(
            "there are no words in this language", got=language, expected=" or ".join(LANGUAGES)
        )
