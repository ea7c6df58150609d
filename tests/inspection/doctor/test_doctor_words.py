from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from thumbnet.errors import ThumbnetError
from thumbnet.inspection.doctor import rules
from thumbnet.inspection.doctor.findings import Finding, Words, describe, ordered
from thumbnet.inspection.doctor.words import CATALOGUE

RULES = sorted(Path(rules.__file__).parent.glob("*.py"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def placeholders(words: Words) -> set[str]:
    texts = (words.what, words.why, words.fix)
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", CATALOGUE)
def test_both_languages_say_the_same_details(key: str) -> None:
    entry = CATALOGUE[key]
    # A detail may be left out of one language's sentence, but none may be named that is not given.
    assert placeholders(entry.zh) <= placeholders(entry.en)
    assert CHINESE.search(entry.zh.what)
    assert not any(CHINESE.search(text) for text in (entry.en.what, entry.en.why, entry.en.fix))


def test_every_code_of_a_rule_is_in_the_catalogue() -> None:
    known = {key.partition("/")[0] for key in CATALOGUE}
    for path in RULES:
        named = re.findall(r'(?:Hit\(|CODE = )"([a-z-]+)"', path.read_text(encoding="utf-8"))
        assert set(named) <= known, path


def test_finding_is_described_in_both_languages() -> None:
    finding = Finding("resize-argument", "a.py", 7, details={"size": 32, "given": "32"})
    english, chinese = describe(finding), describe(finding, "zh")
    assert english.startswith("a.py:7: the second argument of Resize is the way of interpolating")
    assert "Resize(32, 32) resizes the shorter side to 32" in english
    assert english.endswith("  → Resize((32, 32))")
    assert chinese.startswith("a.py:7: Resize 的第二个参数是插值方式")


@pytest.mark.parametrize(
    ("loss", "form", "fix"),
    [("NLLLoss", "no-log-softmax", "F.cross_entropy"), ("BCELoss", "no-sigmoid", "BCEWithLogits")],
)
def test_loss_on_logits_is_repaired_by_what_its_framework_has(
    loss: str, form: str, fix: str
) -> None:
    finding = Finding("softmax-before-cross-entropy", "a.py", 3, form, {"loss": loss})
    for language in ("en", "zh"):
        text = describe(finding, language)
        assert loss in text
        assert fix in text
        assert "Dense" not in text


def test_numbers_and_lists_are_written_out() -> None:
    details = {"number": 12345, "pictures": ["a.png", "b.png"]}
    assert "12,345 pictures cannot be read: a.png; b.png" in describe(
        Finding("unreadable-pictures", "x", details=details)
    )


def test_json_has_english_keys_and_words_of_the_language() -> None:
    found = Finding("unseeded", "a.py", 3).to_dict("zh")
    keys = ["code", "severity", "place", "line", "where", "what", "why", "fix", "details"]
    assert list(found) == keys
    assert found["severity"] == "note"
    assert CHINESE.search(found["what"])


def test_findings_are_ordered_by_severity_then_line_and_said_once() -> None:
    note, warning = Finding("unseeded", "a.py", 1), Finding("no-shuffle", "a.py", 9)
    errors = [Finding("no-zero-grad", "a.py", line) for line in (30, 5)]
    found = ordered([note, warning, *errors, *errors])
    assert found == [errors[1], errors[0], warning, note]


def test_other_language_is_an_error() -> None:
    with pytest.raises(
        ThumbnetError, match=r"no words in this language(?s:.*)got: fr(?s:.*)en or zh"
    ):
        Finding("unseeded", "a.py", 1).words("fr")
