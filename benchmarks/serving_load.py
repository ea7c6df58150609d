"""A server in a process of its own, and load for it: as much as it takes, or at a fixed rate."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
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
    """Run ``thumbnet serve`` meanwhile; its log is thrown away."""
    command = [sys.executable, "-m", "thumbnet", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ}) as process:
        assert process.stderr is not None
        line = process.stderr.readline().decode()
        found = re.search(r"at http://[\d.]+:(\d+) ", line)
        if not found:
            sys.exit(line + process.stderr.read().decode())
        with subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL):  # noqa: S607
            try:
                yield Server(int(found[1]), process.pid)
            finally:
                process.terminate()
                process.wait()


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


class _Connection(asyncio.Protocol):
    """One connection: a request, then its answer, then the next.

    A protocol and not a stream, because the load shares its processor with the server.
    """

    def __init__(self) -> None:
        self._received = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self, content: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a request; the future is the status and the body of its answer."""
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport is None or self._transport.is_closing():
            self._answer.set_result((NO_ANSWER, b""))
        else:
            self._transport.write(content)
        return self._answer

    def data_received(self, data: bytes) -> None:
        """Take what came; the answer is there once its body is whole."""
        self._received += data
        end = self._received.find(b"\r\n\r\n") + 4
        if end < 4 or self._answer is None or self._answer.done():
            return
        found = _LENGTH.search(self._received, 0, end)
        if len(self._received) >= end + (int(found[1]) if found else 0):
            body = bytes(self._received[end:])
            self._answer.set_result((int(self._received.split(b" ", 2)[1]), body))
            self._received.clear()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        """Say that there will be no answer."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((NO_ANSWER, b""))

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.close()


class Connections:
    """Connections to one server that are used again, opened as they are needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[_Connection] = []
        self._places = asyncio.Semaphore(CONNECTIONS)

    async def ask(self, request: Request) -> tuple[int, bytes]:
        """Return status and body; status 0 where the server closed without an answer."""
        async with self._places:
            try:
                connection = self._idle.pop() if self._idle else await self._open()
            except OSError:
                return NO_ANSWER, b""
            status, body = await connection.ask(request.content)
            if status == NO_ANSWER:
                connection.close()
            else:
                self._idle.append(connection)
            return status, body

    async def close(self) -> None:
        """Close them all."""
        for connection in self._idle:
            connection.close()

    async def _open(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, HOST, self._port)
        return connection


async def closed_loop(
    port: int,
    requests: Iterator[Request],
    num_clients: int,
    check: Callable[[Request, int, bytes], None] | None = None,
    seconds: float = float("inf"),
) -> Outcome:
    """Let clients ask one request after the other, until they are used up or the time is."""
    outcome, connections = Outcome(), Connections(port)
    start = time.perf_counter()

    async def client() -> None:
        for request in requests:
            sent = time.perf_counter()
            if sent - start > seconds:
                return
            status, body = await connections.ask(request)
            outcome.add(request.kind, status, time.perf_counter() - sent)
            if check is not None:
                check(request, status, body)

    await asyncio.gather(*(client() for _ in range(num_clients)))
    outcome.seconds = time.perf_counter() - start
    await connections.close()
    return outcome


async def open_loop(port: int, requests: Sequence[Request], rate: float, seconds: float) -> Outcome:
    """Send requests in turn at random moments, ``rate`` a second, whatever comes back.

    A time counts from the moment at which a request was due, so that a server that holds up the
    sender cannot hide it.
    """
    outcome, connections = Outcome(), Connections(port)
    generator = np.random.default_rng(0)
    due_s = np.cumsum(generator.exponential(1 / rate, int(rate * seconds)))
    start = time.perf_counter()

    async def ask(request: Request, due: float) -> None:
        status, _ = await connections.ask(request)
        outcome.add(request.kind, status, time.perf_counter() - due)

    async with asyncio.TaskGroup() as tasks:
        for index, moment in enumerate(due_s):
            due = start + float(moment)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(ask(requests[index % len(requests)], due))
    outcome.seconds = time.perf_counter() - start
    await connections.close()
    return outcome
