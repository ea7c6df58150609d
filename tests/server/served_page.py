"""``thumbnet serve`` as a process, and a visitor with a browser."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served_digits import Stroke

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


class Server:
    """The real server in a process of its own, which can be stopped and started again."""

    def __init__(self, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}/"
        self.options = options

    def start(self) -> None:
        command = [sys.executable, "-m", "thumbnet", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen([*command, *self.options])
        while not self._answers():
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=0.1)
                pytest.fail("the server ended")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.address, timeout=5).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True


@contextmanager
def serving(*options: str) -> Iterator[Server]:
    """Run ``thumbnet serve`` with these options meanwhile."""
    server = Server(*options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


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


class Page:
    """A freshly opened page, of a visitor who has not been here before."""

    def __init__(self, driver: Any, address: str) -> None:
        self.driver = driver
        self.address = address
        driver.get(address)
        driver.execute_script("localStorage.clear(); sessionStorage.clear()")
        self.open()

    def open(self) -> None:
        self.driver.get(self.address)
        self.until("document.getElementById('title').textContent !== ''")

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def until(self, condition: str) -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, WAIT_S, 0.05).until(
            lambda driver: driver.execute_script(f"return {condition}"), condition
        )

    def until_read(self, text: str) -> None:
        self.until(f"document.getElementById('digits').textContent === '{text}'")

    def until_said(self, words: str) -> None:
        self.until(f"document.getElementById('notice').textContent.startsWith('{words}')")

    def find(self, name: str) -> Any:
        return self.driver.find_element("id", name)

    def find_all(self, selector: str) -> list[Any]:
        return list(self.driver.find_elements("css selector", selector))

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

    def choose(self, picture: Path) -> None:
        self.find("file").send_keys(str(picture))

    def press(self, *keys: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        chain = ActionChains(self.driver)
        for key in keys:
            chain.key_down(key)
        for key in reversed(keys):
            chain.key_up(key)
        chain.perform()

    def pretend(self, status: int, words: str) -> None:
        """Let every reading be refused like this from now on."""
        self.run(
            """const [status, what] = arguments;
            const headers = {"Retry-After": "1"};
            window.realFetch ??= window.fetch;
            window.fetch = (path, options) => path.startsWith("v1/read")
                ? Promise.resolve(new Response(JSON.stringify({error: {what}}), {status, headers}))
                : window.realFetch(path, options);""",
            status,
            words,
        )

    def stop_pretending(self) -> None:
        self.run("window.fetch = window.realFetch")

    def doubt_first_digit(self) -> None:
        """Let the first digit of every reading be refused from now on."""
        self.run(
            """const realFetch = window.fetch;
            window.fetch = async (path, options) => {
                const response = await realFetch(path, options);
                if (!path.startsWith("v1/read")) return response;
                const answer = await response.json();
                const diagnosis = [{code: "not-a-digit", words: "this is not a digit"}];
                Object.assign(answer.lines[0].digits[0], {text: "?", refused: true, diagnosis});
                return Response.json(answer);
            };"""
        )

    @contextmanager
    def screen(self, width: int, height: int, scheme: str = "light") -> Iterator[None]:
        """Let the page be on such a screen meanwhile; below 600 pixels it is a phone's."""
        is_phone = width < 600
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone}
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        touch = {"enabled": is_phone}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", touch)
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
