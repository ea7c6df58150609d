"""``thumbnet serve`` as a process, and its page in a browser."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from browser import BrowserPage


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


class Page(BrowserPage):
    """The page of the server."""

    def open(self) -> None:
        super().open()
        self.until("document.getElementById('title').textContent !== ''")

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def until_read(self, text: str) -> None:
        self.until(f"document.getElementById('digits').textContent === '{text}'")

    def until_said(self, words: str) -> None:
        self.until(f"document.getElementById('notice').textContent.startsWith('{words}')")

    def find_all(self, selector: str) -> list[Any]:
        return list(self.driver.find_elements("css selector", selector))

    def choose(self, picture: Path) -> None:
        self.find("file").send_keys(str(picture))

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
