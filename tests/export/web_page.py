"""A page in a real browser, served from a folder, and what a visitor does with it."""

from __future__ import annotations

import base64
import functools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from web_stand_in import Stroke

WAIT_S = 20


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on the loopback address meanwhile; the value is its address."""
    handler = functools.partial(Handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class Page:
    """A freshly opened page, of a visitor who has not been here before."""

    def __init__(self, driver: Any, site: str) -> None:
        self.driver = driver
        driver.get(site)
        driver.execute_script("localStorage.clear()")
        driver.get(site)

    def wait_for(self, promise: str, *arguments: object) -> Any:
        script = "const done = arguments[arguments.length - 1];"
        script += f"Promise.resolve({promise}).then(done, (error) => done(String(error)));"
        return self.driver.execute_async_script(script, *arguments)

    def until(self, condition: str) -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, WAIT_S, 0.05).until(
            lambda driver: driver.execute_script(f"return {condition}"), condition
        )

    def text(self, name: str) -> str:
        return str(self.find(name).text)

    def find(self, name: str) -> Any:
        return self.driver.find_element("id", name)

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

    def sent(self) -> np.ndarray:
        """What the page gives to the model now, uint8 ``(H, W, C)``."""
        sent = self.driver.execute_script(
            "const sent = thumbnet.pixels(); return {...sent, pixels: Array.from(sent.pixels)}"
        )
        shape = (sent["height"], sent["width"], sent["channels"])
        return np.array(sent["pixels"], np.uint8).reshape(shape)

    def recognise(self, pixels: np.ndarray) -> dict[str, Any]:
        encoded = base64.b64encode(pixels.tobytes()).decode()
        call = """thumbnet.recognise(
            Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0)),
            arguments[1], arguments[2], arguments[3],
        ).then((answer) => ({...answer, seen: Array.from(answer.seen.data)}))"""
        answer = self.wait_for(call, encoded, *pixels.shape)
        assert isinstance(answer, dict), answer
        return answer

    def screenshot(self, name: str) -> None:
        if folder := os.environ.get("THUMBNET_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(str(Path(folder) / f"{name}.png"))

    def press(self, *keys: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        chain = ActionChains(self.driver)
        for key in keys:
            chain.key_down(key)
        for key in reversed(keys):
            chain.key_up(key)
        chain.perform()
