"""The load generator, against a server that does as it is told."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from serving_load import NO_ANSWER, Outcome, Request, ask, closed_loop, open_loop, post

WAIT_S = 0.05


class _Obedient(socketserver.StreamRequestHandler):
    """Answers each request with the status that is its body; ``bye`` closes the connection."""

    def handle(self) -> None:
        while head := self.rfile.readline():
            while (line := self.rfile.readline()) != b"\r\n":
                head += line
            length = int(head.lower().partition(b"content-length: ")[2].split()[0])
            body = self.rfile.read(length)
            if body == b"bye":
                return
            time.sleep(WAIT_S)
            # In two pieces, as a network may deliver it.
            self.wfile.write(b"HTTP/1.1 " + body + b" X\r\nContent-Length: 3\r\n\r\n")
            time.sleep(0.001)
            self.wfile.write(body)


@contextmanager
def obedient() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Obedient) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _post(body: bytes, kind: str = "good") -> Request:
    return post("/", body, "text/plain", kind)


def test_clients_ask_one_after_the_other_and_every_answer_is_checked() -> None:
    checked: list[tuple[str, int, bytes]] = []
    requests = [_post(b"200", str(index)) for index in range(20)]
    with obedient() as port:
        start = time.perf_counter()
        outcome = closed_loop(
            port,
            iter(requests),
            num_clients=5,
            check=lambda request, status, body: checked.append((request.kind, status, body)),
        )
        seconds = time.perf_counter() - start
    assert sorted(checked) == sorted((str(index), 200, b"200") for index in range(20))
    assert outcome.seconds == pytest.approx(seconds, abs=0.05)
    # Four rounds of five.
    assert 4 * WAIT_S < seconds < 10 * WAIT_S


def test_statuses_are_counted_by_kind_and_a_closed_connection_is_no_answer() -> None:
    requests = [_post(b"200"), _post(b"429"), _post(b"bye"), _post(b"400", "garbage")]
    with obedient() as port:
        outcome = open_loop(port, requests, rate=200, seconds=0.2)
        assert ask(port, _post(b"503")) == 503
    assert outcome.statuses["good"] == {200: 10, 429: 10, NO_ANSWER: 10}
    assert outcome.statuses["garbage"] == {400: 10}
    assert len(outcome.latencies_s["good"]) == 10


def test_a_time_counts_from_when_the_request_was_due() -> None:
    # Nobody accepts for a while: the kernel takes the connections, and the requests wait.
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_late() -> None:
            time.sleep(0.3)
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer_late)
        thread.start()
        outcome = open_loop(listener.getsockname()[1], [_post(b"")], rate=1000, seconds=0.001)
        thread.join()
    assert outcome.latencies_s["good"][0] > 0.25


def test_stretches_of_time_add_up() -> None:
    first, second = Outcome(seconds=1.0), Outcome(seconds=3.0)
    for outcome, latency_s in ((first, 0.1), (second, 0.3)):
        outcome.add("good", 200, latency_s)
        outcome.add("good", 429, 0.0)
    first.extend(second)
    assert first.summary() == {
        "answered_per_s": 0.5,
        "p50_ms": 200.0,
        "p99_ms": 298.0,
        "statuses": {"200": 2, "429": 2},
    }
