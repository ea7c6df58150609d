"""The page of an explanation: whole, self-contained, in two languages, and small."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from stand_in_readings import make_digit, make_reading
from thumbnet.errors import ThumbnetError
from thumbnet.reading import Reading
from thumbnet.reading.explain import MAX_DIGITS, explain_page
from thumbnet.reading.explain_words import STAGES, WORDS
from thumbnet.reading.reader import Stages

PICTURE = np.full((240, 320, 3), 250, np.uint8)
VOID = {"meta", "img", "br"}


class Outline(HTMLParser):
    """Checks that tags are closed in order; keeps their attributes and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def stages_of(*codes: str, size: tuple[int, int] = (240, 320)) -> Stages:
    return Stages([(code, np.full(size, 200, np.uint8)) for code in codes])


def explained(reading: Reading, language: str = "en", stages: Stages | None = None) -> Outline:
    return Outline(explain_page(PICTURE, reading, stages or stages_of(*STAGES), language))


def decoded(source: str | None) -> Image.Image:
    assert source is not None
    found = re.fullmatch(r"data:image/(?:png|jpeg);base64,(.*)", source)
    assert found is not None
    return Image.open(BytesIO(base64.b64decode(found[1])))


def test_page_shows_the_reading_every_stage_and_every_digit() -> None:
    lines = [[make_digit("7"), make_digit("1")], [make_digit("?", label="4", probability=0.5)]]
    page = explained(make_reading(*lines))
    images = page.named("img")
    assert len(images) == 1 + len(STAGES) + 3
    assert images[0]["alt"] == "71\n?"
    assert [image["alt"] for image in images[1:-3]] == [STAGES[code]["en"][0] for code in STAGES]
    for code in STAGES:
        assert STAGES[code]["en"][1] in page.text
    for place in ("7 · line 1, digit 1", "1 · line 1, digit 2", "? · line 2, digit 1"):
        assert place in page.text
    assert len(page.named("tr")) == 30


def test_digit_shows_what_was_seen_its_odds_and_its_doubts() -> None:
    digit = make_digit("?", label="3", probability=0.6, diagnosis=("too-thin",))
    page = explained(make_reading([digit]))
    seen = decoded(page.named("img")[-1]["src"])
    assert seen.size == (28, 28)
    assert np.array_equal(np.asarray(seen), digit.seen)
    widths = [bar["style"] for bar in page.named("i")]
    assert widths == [f"width:{value:.1%}" for value in digit.probabilities.values()]
    assert "The most probable digit is 3" in page.text
    assert "It could also be: 4 (40%)" in page.text
    assert "the stroke is too thin" in page.text


def test_certain_digit_says_nothing_of_others() -> None:
    text = explained(make_reading([make_digit(probability=0.999)])).text
    assert "could also be" not in text
    assert "most probable" not in text


def test_chinese_page_has_no_english_sentence() -> None:
    digit = make_digit("?", label="3", probability=0.6, diagnosis=("too-thin",))
    page = explained(make_reading([digit], diagnosis=("too-dark",)), "zh")
    assert page.named("html") == [{"lang": "zh-CN"}]
    shown = page.text.partition("@media")[2].partition("}\n")[2]
    assert not re.findall(r"[A-Za-z]{2,}", shown)
    assert "图片太暗" in page.text


def test_languages_have_the_same_words() -> None:
    fields = [
        {key: re.findall(r"{(\w+)}", text) for key, text in words.items()}
        for words in WORDS.values()
    ]
    assert {key: sorted(names) for key, names in fields[0].items()} == {
        key: sorted(names) for key, names in fields[1].items()
    }
    assert all(set(stage) == set(WORDS) for stage in STAGES.values())


def test_unknown_stage_is_shown_by_its_code() -> None:
    page = explained(make_reading(), stages=stages_of("tea & cake"))
    assert page.named("img")[1]["alt"] == "tea & cake"
    assert "tea & cake" in page.text


def test_nothing_read_says_so() -> None:
    page = explained(make_reading(diagnosis=("no-ink",)))
    assert "nothing" in page.text
    assert "there is nothing written here" in page.text
    assert "Each digit" not in page.text


def test_page_needs_nothing_from_elsewhere() -> None:
    page = explain_page(PICTURE, make_reading([make_digit()]), stages_of("grey"))
    assert not re.search(r"<script|<link|http|url\(|@import", page)
    for image in Outline(page).named("img"):
        decoded(image["src"]).load()


def test_large_noisy_picture_and_many_digits_stay_below_3_mb() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (2400, 3200, 3), np.uint8)
    stages = Stages([(code, rng.integers(0, 256, (1536, 2048), np.uint8)) for code in STAGES])
    seen = rng.integers(0, 256, (28, 28), np.uint8)
    digit = make_digit("?", label="3", diagnosis=("too-thin", "touching"), probability=0.6)
    object.__setattr__(digit, "seen", seen)
    reading = make_reading([digit] * (MAX_DIGITS + 5), size=(3200, 2400))
    page = explain_page(picture, reading, stages)
    assert len(page.encode()) < 3_000_000
    assert page.count("<article>") == MAX_DIGITS
    assert f"The first {MAX_DIGITS} of {MAX_DIGITS + 5} digits are shown." in page


def test_large_picture_is_shown_smaller_in_its_shape() -> None:
    picture = np.full((1500, 3000, 1), 255, np.uint8)
    page = Outline(explain_page(picture, make_reading(size=(3000, 1500)), stages_of("grey")))
    shown = page.named("img")[0]
    assert (shown["width"], shown["height"]) == ("1000", "500")


def test_other_language_is_refused() -> None:
    with pytest.raises(ThumbnetError, match=r"no words.*\n  got: fr\n  expected: en or zh"):
        explain_page(PICTURE, make_reading(), stages_of("grey"), "fr")
