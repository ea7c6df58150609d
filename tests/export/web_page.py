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

from browser import BrowserPage


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


class Page(BrowserPage):
    """The page of a bundle."""

    def wait_for(self, promise: str, *arguments: object) -> Any:
        script = "const done = arguments[arguments.length - 1];"
        script += f"Promise.resolve({promise}).then(done, (error) => done(String(error)));"
        return self.driver.execute_async_script(script, *arguments)

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
