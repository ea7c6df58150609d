"""The page of ``thumbnet serve`` when the server refuses, asks for something, or is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from served_digits import ONE, SEVEN, placed
from served_page import Page, serving

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (413, "This picture is too large for the server (because)."),
        (422, "The server cannot read this picture (because)."),
        (500, "The server failed (because)."),
    ],
)
def test_refusal_of_the_server_is_said_until_the_next_answer(
    page: Page, status: int, said: str
) -> None:
    page.pretend(status, "because")
    page.draw(ONE)
    page.until_said(said)
    assert page.text("detail") == ""
    page.stop_pretending()
    page.draw(SEVEN[1:])
    page.until("document.getElementById('notice').hidden")


@pytest.mark.parametrize(
    ("status", "said"), [(429, "The server is busy."), (502, "The server does not answer.")]
)
def test_passing_refusal_is_asked_again_unasked(page: Page, status: int, said: str) -> None:
    page.pretend(status, "because")
    page.draw(ONE)
    page.until_said(f"{said} Trying again")
    page.find("language").click()
    assert "正在重试" in page.text("notice")
    page.stop_pretending()
    page.until_read("1")
    assert page.text("notice") == ""


def test_server_that_is_down_is_said_and_its_return_is_noticed(driver: Any) -> None:
    with serving() as server:
        page = Page(driver, server.address)
        page.draw(placed(ONE, 0.25))
        page.until_read("1")
        server.stop()
        page.draw(placed(SEVEN, 0.75))
        page.until_said("The server does not answer. Trying again")
        assert page.text("digits") == ""
        server.start()
        page.until_read("17")
        assert page.text("notice") == ""
    driver.get_log("browser")  # it tells of the refused connections, too


def test_token_is_asked_for_and_kept_for_the_visit(driver: Any) -> None:
    with serving("--token", "open-sesame") as server:
        page = Page(driver, server.address)
        page.draw(ONE)
        page.until_said("This server asks for an access token.")
        page.find("token").send_keys("mistaken\n")
        page.until_said("The server does not accept this token.")
        page.find("token").clear()
        page.find("token").send_keys("open-sesame\n")
        page.until_read("1")
        assert not page.find("token-form").is_displayed()
        page.open()
        page.draw(SEVEN)
        page.until_read("7")
        assert page.run("return localStorage.getItem('thumbnet.token')") is None
    driver.get_log("browser")  # it tells of the 401, too


def test_sample_is_collected_only_with_consent(driver: Any, tmp_path: Path) -> None:
    with serving("--collect", str(tmp_path / "samples")) as server:
        page = Page(driver, server.address)
        page.draw(ONE)
        page.until_read("1")
        labels = page.find_all("#labels button")
        assert not any(button.is_enabled() for button in labels)
        page.find("consent").click()
        labels[7].click()
        page.until("document.getElementById('collected').textContent !== ''")
        assert page.text("collected") == "Kept as 7. Thank you."
        assert not any(button.is_enabled() for button in labels)
        page.draw([(0.4, 0.3), (0.5, 0.2)])
        page.until("!document.querySelector('#labels button').disabled")
        assert page.text("collected") == ""
        assert "keeps only what you agree to" in page.text("privacy")
    assert len([path for path in (tmp_path / "samples").rglob("*") if path.is_file()]) >= 1
    assert driver.get_log("browser") == []


def test_without_collecting_nothing_is_asked(page: Page) -> None:
    page.draw(ONE)
    page.until_read("1")
    assert not page.find("collect").is_displayed()
