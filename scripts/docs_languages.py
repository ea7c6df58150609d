"""MkDocs hook: pages in two languages, each with the words, the menu and the links of its own.

A page under ``docs/zh/`` is Chinese and its twin has the same name without ``zh/``. The theme is
told the language page by page, the menu shows the pages of that language only, and the language
switch leads to the twin, or to the index nearest to it where there is none.
"""

from __future__ import annotations

from copy import copy
from pathlib import PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

CHINESE = "zh"
# The title of the part of mkdocs.yml's menu that holds the Chinese pages.
CHINESE_MENU = "中文"
NAMES = {"en": "English", CHINESE: "中文"}


def on_page_context(
    context: dict[str, Any], *, page: Page, config: MkDocsConfig, nav: Navigation
) -> dict[str, Any]:
    """Set what depends on the page's language; called before each page is rendered."""
    addresses = {other.file.src_uri: other.url for other in nav.pages}
    language = language_of(page)
    config.theme["language"] = language
    config.extra["alternate"] = [
        {"name": name, "lang": other, "link": addresses[twin(page.file.src_uri, other, addresses)]}
        for other, name in NAMES.items()
    ]
    context["nav"] = menu(nav, language)
    for side in ("previous_page", "next_page"):
        neighbour = getattr(page, side)
        if neighbour is not None and language_of(neighbour) != language:
            setattr(page, side, None)
    return context


def language_of(page: Page) -> str:
    """Return ``"en"`` or ``"zh"``."""
    return CHINESE if PurePosixPath(page.file.src_uri).parts[0] == CHINESE else "en"


def twin(name: str, language: str, names: Any) -> str:
    """Return which of ``names`` says in ``language`` what the page ``name`` says."""
    path = PurePosixPath(name.removeprefix(f"{CHINESE}/"))
    root = PurePosixPath(CHINESE if language == CHINESE else "")
    for candidate in (path, *(folder / "index.md" for folder in path.parents)):
        if str(root / candidate) in names:
            return str(root / candidate)
    raise ValueError(f"there is no index.md in {NAMES[language]}")


def menu(nav: Navigation, language: str) -> Navigation:
    """Return the part of the menu that is in ``language``, as a menu of its own."""
    (chinese,) = (item for item in nav.items if item.title == CHINESE_MENU)
    shown = copy(nav)
    if language == CHINESE:
        shown.items = chinese.children
        shown.homepage = next(page for page in nav.pages if page.file.src_uri == "zh/index.md")
    else:
        shown.items = [item for item in nav.items if item is not chinese]
    return shown
