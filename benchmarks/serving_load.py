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


class Connections:
    """Connections to one server that are used again, opened as they are needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._places = asyncio.Semaphore(CONNECTIONS)

    async def ask(self, request: Request) -> tuple[int, bytes]:
        """Return status and body; status 0 where the server closed without an answer."""
        async with self._places:
            try:
                if self._idle:
                    reader, writer = self._idle.pop()
                else:
                    reader, writer = await asyncio.open_connection(HOST, self._port)
                writer.write(request.content)
                head = await reader.readuntil(b"\r\n\r\n")
                found = re.search(rb"(?i)content-length: (\d+)", head)
                body = await reader.readexactly(int(found[1]) if found else 0)
            except (ConnectionError, asyncio.IncompleteReadError):
                return NO_ANSWER, b""
            self._idle.append((reader, writer))
            return int(head.split(b" ", 2)[1]), body

    async def close(self) -> None:
        """Close them all."""
        for _, writer in self._idle:
            writer.close()


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
