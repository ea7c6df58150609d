"""The page of ``thumbnet serve``: languages, colours, screens, accessibility.

THUMBNET_SCREENSHOTS=1 makes the pictures of the page in ``docs/images`` anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from axe import load_axe, violations
from served_digits import ONE, SEVEN, THREE, placed
from served_page import Page, Server, serving

pytestmark = pytest.mark.browser

IMAGES = Path(__file__).parents[2] / "docs" / "images"


@pytest.fixture(scope="module")
def axe() -> str:
    return load_axe()


def test_language_is_guessed_switched_and_remembered(driver: Any, served: Server) -> None:
    page = Page(driver, served.address)
    assert page.text("title") == "Write digits"
    page.find("language").click()
    assert page.text("title") == "写数字"
    page.open()
    assert page.text("title") == "写数字"
    assert page.run("return document.documentElement.lang") == "zh-CN"
    agent = {"userAgent": "Mozilla/5.0", "acceptLanguage": "zh-TW"}
    driver.execute_cdp_cmd("Emulation.setUserAgentOverride", agent)
    try:
        page = Page(driver, served.address)
        assert page.text("title") == "写数字"
        page.find("language").click()
        assert page.text("title") == "Write digits"
    finally:
        driver.execute_cdp_cmd("Emulation.setUserAgentOverride", {"userAgent": ""})


def test_colours_follow_the_system_until_they_are_chosen(page: Page) -> None:
    def ground() -> str:
        return str(page.run("return getComputedStyle(document.body).backgroundColor"))

    light = ground()
    with page.screen(1280, 800, "dark"):
        page.until("document.documentElement.dataset.theme === 'dark'")
        dark = ground()
        assert dark != light
        assert page.find("theme").get_attribute("aria-pressed") == "true"
        page.find("theme").click()
        assert ground() == light
        page.open()
        assert ground() == light


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844), (320, 568)])
def test_page_fits_the_screen(
    page: Page, picture: Path, size: tuple[int, int], scheme: str
) -> None:
    width, height = size
    with page.screen(width, height, scheme):
        page.choose(picture)
        page.until_read("31750")
        overflow = page.run(
            "return [...document.querySelectorAll('main *:not(#boxes *)')]"
            ".filter((e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1)"
            ".map((e) => e.id || e.className)"
        )
        assert overflow == []
        assert page.run("return document.documentElement.scrollWidth") == width
        if width < 600:
            small = page.run(
                "return [...document.querySelectorAll('button')].filter((e) => e.offsetWidth"
                " && (e.offsetHeight < 44 || e.offsetWidth < 44)).map((e) => e.outerHTML)"
            )
            assert small == []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_is_accessible(
    driver: Any, axe: str, picture: Path, tmp_path: Path, scheme: str, language: str
) -> None:
    with serving("--collect", str(tmp_path / "samples")) as server:
        page = Page(driver, server.address)
        if language == "zh":
            page.find("language").click()
        with page.screen(1280, 800, scheme):
            assert violations(driver, axe) == []
            page.doubt_first_digit()
            page.draw(ONE)
            page.until_read("?")
            page.find("consent").click()
            assert violations(driver, axe) == []
            page.open()
            page.choose(picture)
            page.until_read("31750")
            page.pretend(401, "")
            page.draw(ONE)
            page.until("!document.getElementById('token-form').hidden")
            assert violations(driver, axe) == []
        with page.screen(390, 844, scheme):
            page.stop_pretending()
            page.find("undo").click()
            page.until_read("31750")
            assert violations(driver, axe) == []


@pytest.mark.skipif(os.environ.get("THUMBNET_SCREENSHOTS") != "1", reason="makes no screenshots")
def test_screenshots_of_the_page(page: Page, picture: Path) -> None:
    with page.screen(1280, 800):
        for stroke, middle in [(THREE, 0.2), (ONE, 0.5), (SEVEN, 0.8)]:
            page.draw(placed(stroke, middle))
        page.until_read("317")
        page.until("document.getElementById('announcement').textContent !== ''")
        page.driver.save_screenshot(str(IMAGES / "page-desktop.png"))
    with page.screen(390, 844):
        page.choose(picture)
        page.until_read("31750")
        page.until("document.getElementById('announcement').textContent.startsWith('5 digits')")
        page.driver.save_screenshot(str(IMAGES / "page-phone.png"))
