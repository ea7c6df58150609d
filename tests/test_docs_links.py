"""Every link of the pages leads somewhere, and no page loads anything from elsewhere; offline."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from docs_pages import DOCS, PAGES, ROOT, TOP_PAGES, anchors, in_chinese, page_id, without_blocks

LINK_PAGES = [*PAGES, *TOP_PAGES, ROOT / "tests" / "photos" / "README.md"]
TARGET = re.compile(
    r"""\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)"""  # [text](target) and ![text](target)
    r"""|^\[[^\]]+\]:\s*(\S+)"""  # [name]: target
    r"""|(?:href|src)=["']([^"']+)["']""",
    re.MULTILINE,
)
# What a browser fetches by itself, in a page as written.
LOADED = re.compile(r"""!\[[^\]]*\]\(\s*<?([^)\s>]+)|\bsrc(?:set)?=["']([^"']+)["']""")
ELSEWHERE = re.compile(r"^(?:\w+:)?//")
# The same in a page as built, and in its style sheets.
TAG = re.compile(r"<(?:script|img|source|iframe|audio|video|embed|object|link)\b[^>]*>")
ATTRIBUTE = re.compile(r"""\s(?:src|href|srcset|data)=(?:"([^"]*)"|'([^']*)'|([^\s>]+))""")
STYLE_ADDRESS = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")


def targets(text: str, pattern: re.Pattern[str]) -> list[str]:
    return ["".join(groups) for groups in pattern.findall(text)]


@pytest.mark.parametrize("path", LINK_PAGES, ids=page_id)
def test_every_link_leads_to_a_file_and_a_heading(path: Path) -> None:
    for target in targets(without_blocks(path), TARGET):
        if target.startswith(("https://", "mailto:")):
            continue
        assert ":" not in target, f"{target} is neither https nor a file"
        name, _, anchor = unquote(target).partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), f"{target} leads nowhere"
        # A page of the site has only the site to lead to.
        if path.is_relative_to(DOCS):
            assert file.is_relative_to(DOCS), f"{target} leads out of the site"
            assert file.is_file(), f"{target} is a folder"
        if anchor:
            assert anchor in anchors(file), f"{target} has no such heading"


@pytest.mark.parametrize("path", LINK_PAGES, ids=page_id)
def test_no_page_loads_from_another_host(path: Path) -> None:
    loaded = targets(without_blocks(path), LOADED)
    assert [address for address in loaded if ELSEWHERE.match(address)] == []


@pytest.mark.parametrize("path", sorted((DOCS / "images").rglob("*.*")), ids=page_id)
def test_every_picture_is_shown_or_offered_somewhere(path: Path) -> None:
    assert any(path.name in page.read_text(encoding="utf-8") for page in LINK_PAGES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[a](b.md#c)", ["b.md#c"]),
        ('![a](b.png "title")', ["b.png"]),
        ("[a]: b.md", ["b.md"]),
        ('<img alt="a" src="b.png">', ["b.png"]),
    ],
)
def test_links_are_found_in_each_form(text: str, found: list[str]) -> None:
    assert targets(text, TARGET) == found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``make docs`` does it."""
    for library in ("mkdocs", "material", "mkdocstrings"):
        pytest.importorskip(library)
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^WARNING", done.stdout + done.stderr, re.MULTILINE) is None
    return folder


def test_built_site_loads_nothing_from_another_host(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > len(PAGES)  # and the one for addresses that do not exist
    for page in pages:
        tags = TAG.findall(page.read_text(encoding="utf-8"))
        loaded = [address for tag in tags for address in targets(tag, ATTRIBUTE)]
        assert loaded
        assert [address for address in loaded if ELSEWHERE.match(address)] == []
    for sheet in site.rglob("*.css"):
        loaded = targets(sheet.read_text(encoding="utf-8"), STYLE_ADDRESS)
        assert [address for address in loaded if ELSEWHERE.match(address)] == []


def test_built_pages_say_their_language_and_lead_to_their_twin(site: Path) -> None:
    for path in PAGES:
        name = path.relative_to(DOCS).with_suffix(".html")
        html = (site / name).read_text(encoding="utf-8")
        language = "zh" if name.parts[0] == "zh" else "en"
        assert f'<html lang="{language}"' in html
        switch = re.findall(r'<a href="([^"]+)" hreflang="(\w\w)" class="md-select__link"', html)
        assert [other for _, other in switch] == ["en", "zh"]
        leads_to = {other: (site / name).parent / address for address, other in switch}
        assert leads_to[language].resolve() == (site / name).resolve()
        if language == "en" and in_chinese(path).is_file():
            assert leads_to["zh"].resolve() == (site / "zh" / name).resolve()
        menu = re.findall(r'class="md-tabs__link"', html)
        assert len(menu) > 3
