"""A server of one file that behaves, or misbehaves as the path says.

Its openers speak plain HTTP to ``https://127.0.0.1`` addresses: everything but the encryption is
what users run, the refusal of other schemes included.
"""

from __future__ import annotations

import hashlib
import http.client
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from thumbnet.datasets.download import RemoteFile
from thumbnet.datasets.download_transfer import https_opener

CONTENT = bytes(range(256)) * 2000
HALF = len(CONTENT) // 2


class Handler(BaseHTTPRequestHandler):
    """``/whole`` serves ranges; the other paths misbehave as they are named."""

    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers.get("Range")))
        content, start, status = CONTENT, 0, 200
        if self.path == "/missing":
            self.send_error(404)
            return
        if self.path in ("/to-http", "/to-https"):
            scheme = self.path.removeprefix("/to-")
            self.send_response(302)
            self.send_header("Location", self.server.url("/whole", scheme))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path == "/wrong":
            content = CONTENT[::-1]
        if self.path == "/page":
            content = b"<html>not found</html>"
        asked = self.headers.get("Range")
        if asked and self.path != "/rangeless":
            start, status = int(asked.removeprefix("bytes=").removesuffix("-")), 206
            if start >= len(content):
                self.send_error(416)
                return
        shift = 1 if self.path == "/shifted" else 0
        self.send_response(status)
        if self.path != "/lengthless":
            self.send_header("Content-Length", str(len(content) - start))
        if status == 206:
            end = len(content) - 1
            self.send_header("Content-Range", f"bytes {start + shift}-{end}/{len(content)}")
        self.end_headers()
        end = start + (len(content) - start) // 2 if self.path == "/cut" else len(content)
        self.wfile.write(content[start:end])


class Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, str | None]] = []

    def url(self, path: str, scheme: str = "https") -> str:
        return f"{scheme}://127.0.0.1:{self.server_port}{path}"

    def file(self, *paths: str, size_bytes: int | None = len(CONTENT)) -> RemoteFile:
        checksum = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
        return RemoteFile("set.gz", checksum, tuple(self.url(path) for path in paths), size_bytes)

    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]


class _PlainHttps(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(http.client.HTTPConnection, req)


def loopback_opener() -> urllib.request.OpenerDirector:
    return https_opener(_PlainHttps, urllib.request.ProxyHandler({}))
