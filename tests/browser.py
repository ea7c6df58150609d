"""A real Chromium, and what a visitor does on any page with a drawing board."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Stroke = list[tuple[float, float]]

WAIT_S = 20
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-US",
    "--window-size=1280,900",
)


@contextmanager
def chromium(profile: Path) -> Iterator[Any]:
    """Run a Chromium meanwhile; the value is its driver."""
    webdriver: Any = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    from selenium.webdriver.chrome.service import Service

    program = shutil.which("chromium") or shutil.which("chromium-browser")
    chromedriver = shutil.which("chromedriver")
    if not program or not chromedriver:
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    driver.set_script_timeout(WAIT_S)
    try:
        yield driver
    finally:
        driver.quit()


class BrowserPage:
    """A freshly opened page, of a visitor who has not been here before."""

    def __init__(self, driver: Any, address: str) -> None:
        self.driver = driver
        self.address = address
        driver.get(address)
        driver.execute_script("localStorage.clear(); sessionStorage.clear()")
        self.open()

    def open(self) -> None:
        self.driver.get(self.address)

    def until(self, condition: str) -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, WAIT_S, 0.05).until(
            lambda driver: driver.execute_script(f"return {condition}"), condition
        )

    def find(self, name: str) -> Any:
        return self.driver.find_element("id", name)

    def text(self, name: str) -> str:
        return str(self.find(name).text)

    def draw(self, stroke: Stroke, kind: str = "mouse") -> None:
        from selenium.webdriver.common.actions.action_builder import ActionBuilder
        from selenium.webdriver.common.actions.pointer_input import PointerInput

        board = self.find("board")
        side_px = board.size["width"]
        actions = ActionBuilder(self.driver, mouse=PointerInput(kind, kind), duration=20)
        corners = np.array(stroke)
        steps = np.arange(0, len(corners) - 1 + 1e-9, 0.25)
        line = [np.interp(steps, np.arange(len(corners)), axis) for axis in corners.T]
        offsets = np.rint((np.stack(line, axis=1) - 0.5) * side_px).astype(int).tolist()
        actions.pointer_action.move_to(board, *offsets[0]).pointer_down()
        for offset in offsets[1:]:
            actions.pointer_action.move_to(board, *offset)
        actions.pointer_action.pointer_up()
        actions.perform()

    def press(self, *keys: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        chain = ActionChains(self.driver)
        for key in keys:
            chain.key_down(key)
        for key in reversed(keys):
            chain.key_up(key)
        chain.perform()
