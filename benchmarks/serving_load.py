"""A server in a process of its own, and load for it: as much as it takes, or at a fixed rate.

Load and server share the processor, and what the load takes of it the answers lack: so there is
one thread that waits for all sockets at once, and no event loop.
"""

from __future__ import annotations

import itertools
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

HOST = "127.0.0.1"
CONNECTIONS = 512
NO_ANSWER = 0
START_S = 60
_RECEIVE_BYTES = 1 << 16
_LENGTH = re.compile(rb"(?i)content-length: (\d+)")


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    pid: int

    def resident_mib(self) -> float:
        """Return how much memory the process holds."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) / 1024


@contextmanager
def serving(*options: str) -> Iterator[Server]:
    """Run ``thumbnet serve`` meanwhile; its log goes to a file that nobody reads."""
    command = [sys.executable, "-m", "thumbnet", "serve", "--port", "0", *options]
    with (
        tempfile.NamedTemporaryFile(suffix=".log") as log,
        subprocess.Popen(command, stderr=log) as process,
    ):
        try:
            yield Server(_port(process, Path(log.name)), process.pid)
        finally:
            process.terminate()
            process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Wait until the server says where it is, and return its port."""
    for _ in range(100 * START_S):
        text = log.read_text(encoding="utf-8")
        found = re.search(r"at http://[\d.]+:(\d+) .*\n", text)
        if found:
            return int(found[1])
        if process.poll() is not None:
            sys.exit(text)
        time.sleep(0.01)
    sys.exit(f"the server did not start within {START_S} s")


@dataclass(frozen=True)
class Request:
    """What is sent, and under which name its answer is counted."""

    content: bytes
    kind: str = "good"


def post(path: str, body: bytes, content_type: str, kind: str = "good") -> Request:
    """Return a request whose connection is kept."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return Request(head.encode() + body, kind)


Check = Callable[[Request, int, bytes], None]


@dataclass
class Outcome:
    """What came back, by kind of request."""

    seconds: float = 0.0
    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    latencies_s: dict[str, list[float]] = field(default_factory=dict)

    def add(self, kind: str, status: int, latency_s: float) -> None:
        """Count an answer; only those of status 200 have a time."""
        self.statuses.setdefault(kind, Counter())[status] += 1
        if status == 200:
            self.latencies_s.setdefault(kind, []).append(latency_s)

    def extend(self, other: Outcome) -> None:
        """Add what came back in another stretch of time."""
        self.seconds += other.seconds
        for kind, statuses in other.statuses.items():
            self.statuses.setdefault(kind, Counter()).update(statuses)
        for kind, latencies_s in other.latencies_s.items():
            self.latencies_s.setdefault(kind, []).extend(latencies_s)

    def summary(self, kind: str = "good") -> dict[str, Any]:
        """Return rate of good answers and their times, in milliseconds."""
        times = np.array(self.latencies_s.get(kind, [np.nan])) * 1e3
        statuses = self.statuses.get(kind, Counter())
        return {
            "answered_per_s": round(statuses[200] / self.seconds, 1),
            "p50_ms": round(float(np.percentile(times, 50)), 2),
            "p99_ms": round(float(np.percentile(times, 99)), 2),
            "statuses": {str(status): count for status, count in sorted(statuses.items())},
        }


@dataclass
class _Connection:
    """One connection: a request, then its answer, then the next."""

    socket: socket.socket
    request: Request | None = None
    start_s: float = 0.0
    received: bytearray = field(default_factory=bytearray)

    def answer(self) -> tuple[int, bytes] | None:
        """Return status and body once all of the answer has come."""
        end = self.received.find(b"\r\n\r\n") + 4
        if end < 4:
            return None
        found = _LENGTH.search(self.received, 0, end)
        if len(self.received) < end + (int(found[1]) if found else 0):
            return None
        return int(self.received[9:12]), bytes(self.received[end:])


class _Load:
    """Connections to one server that are used again, opened as they are needed."""

    def __init__(self, port: int, num_connections: int, check: Check | None = None) -> None:
        self.outcome = Outcome()
        self._port = port
        self._check = check
        self._num_connections = num_connections
        self._num_open = 0
        self._idle: list[_Connection] = []
        self._selector = selectors.DefaultSelector()

    def run(self, arrivals: Iterator[tuple[float | None, Request]]) -> Outcome:
        """Send every request when it is due, or as soon after as a connection is free.

        Its time counts from when it was due; without that, from when it was sent.
        """
        start_s = time.perf_counter()
        coming = next(arrivals, None)
        while coming is not None or len(self._idle) < self._num_open:
            wait_s = None
            while coming is not None and self._has_free():
                due_s, request = coming
                now_s = time.perf_counter()
                wait_s = 0.0 if due_s is None else max(0.0, due_s - now_s)
                if wait_s:
                    break
                self._send(request, now_s if due_s is None else due_s)
                coming = next(arrivals, None)
            for key, _ in self._selector.select(wait_s):
                self._receive(key.data)
        self.outcome.seconds = time.perf_counter() - start_s
        for key in list(self._selector.get_map().values()):
            self._close(key.data)
        self._selector.close()
        return self.outcome

    def _has_free(self) -> bool:
        return bool(self._idle) or self._num_open < self._num_connections

    def _send(self, request: Request, start_s: float) -> None:
        connection = self._idle.pop() if self._idle else self._open()
        connection.request, connection.start_s = request, start_s
        try:
            connection.socket.sendall(request.content)
        except ConnectionError:
            self._finish(connection, NO_ANSWER, b"")

    def _open(self) -> _Connection:
        connection = _Connection(socket.create_connection((HOST, self._port)))
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        self._num_open += 1
        return connection

    def _receive(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(_RECEIVE_BYTES)
        except ConnectionError:
            data = b""
        connection.received += data
        if not data:
            self._finish(connection, NO_ANSWER, b"")
        elif (answer := connection.answer()) is not None:
            self._finish(connection, *answer)

    def _finish(self, connection: _Connection, status: int, body: bytes) -> None:
        request, connection.request = connection.request, None
        connection.received.clear()
        if request is not None:
            self.outcome.add(request.kind, status, time.perf_counter() - connection.start_s)
            if self._check is not None:
                self._check(request, status, body)
        if status != NO_ANSWER:
            self._idle.append(connection)
            return
        if connection in self._idle:
            self._idle.remove(connection)
        self._close(connection)

    def _close(self, connection: _Connection) -> None:
        self._selector.unregister(connection.socket)
        connection.socket.close()
        self._num_open -= 1


def closed_loop(
    port: int,
    requests: Iterator[Request],
    num_clients: int,
    check: Check | None = None,
    seconds: float = float("inf"),
) -> Outcome:
    """Let clients ask one request after the other, until they are used up or the time is."""
    end_s = time.perf_counter() + seconds

    in_time = itertools.takewhile(lambda _: time.perf_counter() < end_s, requests)
    return _Load(port, num_clients, check).run((None, request) for request in in_time)


def open_loop(port: int, requests: Sequence[Request], rate: float, seconds: float) -> Outcome:
    """Send requests in turn at random moments, ``rate`` a second, whatever comes back.

    A time counts from the moment at which a request was due, so that a server that holds up the
    sender cannot hide it.
    """
    generator = np.random.default_rng(0)
    intervals_s = generator.exponential(1 / rate, int(rate * seconds))
    due_s = time.perf_counter() + np.cumsum(intervals_s)
    arrivals = zip(due_s.tolist(), itertools.cycle(requests), strict=False)
    return _Load(port, CONNECTIONS).run(arrivals)


def ask(port: int, request: Request) -> int:
    """Send one request and return the status of its answer."""
    outcome = closed_loop(port, iter([request]), 1)
    return next(iter(outcome.statuses[request.kind]))
