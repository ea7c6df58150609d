"""The files of the page, without a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from thumbnet.export import web
from thumbnet.server.pages import STATIC

FOLDERS = (STATIC, Path(web.__file__).parent / "web")
SOURCES = sorted(STATIC.glob("*.*"))


def read(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


def is_served(name: str) -> bool:
    return any((folder / name).is_file() for folder in FOLDERS)


def test_page_has_nothing_inline() -> None:
    assert re.findall(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", read("index.html")) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_what_a_file_refers_to_is_there_and_nothing_is_outside(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert not re.search(r"https?:|[\"'(=]//\w|@import|url\(", text)
    # Relative, so that the page also works below a path of a proxy.
    links = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert all(link.startswith("static/") for link in links)
    names = [link.removeprefix("static/") for link in links]
    names += re.findall(r'from "\./([^"]+)"', text)
    assert [name for name in names if not is_served(name)] == []


def test_no_file_of_the_page_hides_a_shared_one() -> None:
    shared = {"bars.js", "board.js", "icon.png", "language.js", "memory.js"}
    shared |= {"pictures.js", "style.css"}
    assert not shared & {source.name for source in SOURCES}
    assert all((FOLDERS[1] / name).is_file() for name in shared)


def test_every_word_is_there_in_both_languages_and_is_used() -> None:
    english, chinese = (
        re.findall(r"^    (\w+): ", part, re.MULTILINE)
        for part in read("words.js").split("  zh: {")
    )
    assert english == chinese
    used = set(re.findall(r'data-(?:text|label|title)="(\w+)"', read("index.html")))
    sources = [*SOURCES, FOLDERS[1] / "language.js"]
    rest = " ".join(source.read_text("utf-8") for source in sources if source.name != "words.js")
    assert used <= set(english)
    assert [key for key in english if not re.search(rf"\b{key.removesuffix('Of')}\b", rest)] == []
