from __future__ import annotations

import pytest

from thumbnet.errors import ThumbnetError
from thumbnet.languages import LANGUAGES, check_language


def test_known_languages_pass_and_others_are_named() -> None:
    for language in LANGUAGES:
        check_language(language)
    with pytest.raises(
        ThumbnetError, match="no words in this language\n  got: fr\n  expected: en or zh"
    ):
        check_language("fr")
