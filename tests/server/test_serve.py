"""``thumbnet serve``: what it refuses to start with, and a real process from start to end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from PIL import Image
from stand_in_server import StandInRecogniser, application

from command_line import Said
from encoded_pictures import encoded
from thumbnet.__main__ import main
from thumbnet.cli.serve import find_models
from thumbnet.errors import ModelError
from thumbnet.inference.locate import bundled_model

PICTURE = encoded(Image.fromarray(np.full((28, 28), 255, np.uint8)))
INFER = json.dumps(
    {"inputs": [{"name": "pixels", "datatype": "UINT8", "shape": [1, 1, 1, 1], "data": [7]}]}
).encode()


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return ``call(*words) -> Said``, which serves nothing if it gets so far."""
    monkeypatch.delenv("THUMBNET_TOKEN", raising=False)
    monkeypatch.setattr("thumbnet.cli.serve._run", lambda *_: print("served"))

    def run(*words: object) -> Said:
        code = main(["serve", "--port", "0", *map(str, words)])
        return Said(code, *capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--host", "0.0.0.0"], "others could reach this server, and it has no token"),
        (["--host", "example.com"], "others could reach this server"),
        (["--host", "::"], "others could reach this server"),
        (["--host", "0.0.0.0", "--token", ""], "others could reach this server"),
        (["--token", "not a token"], "the token cannot be sent in a header"),
        (["missing.onnx"], "there is no such model"),
        (["digits", "digits"], "two models are called 'digits'"),
        (["a=digits", "a=digits"], "two models are called 'a'"),
    ],
)
def test_what_cannot_be_served_is_one_clear_error(
    call: Any, words: list[str], message: str
) -> None:
    said = call(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"error: {message}")
    assert "not a token" not in said.err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--host", "localhost"],
        ["--host", "127.0.0.2"],
        ["--host", "0.0.0.0", "--insecure"],
        ["--host", "0.0.0.0", "--token", "abc"],
    ],
)
def test_what_others_cannot_reach_or_use_is_served(call: Any, words: list[str]) -> None:
    said = call(*words)
    assert (said.code, said.out) == (0, "served\n"), said.err


def test_the_token_may_come_from_the_environment(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THUMBNET_TOKEN", "abc")
    assert call("--host", "0.0.0.0").code == 0


def test_an_address_in_use_is_one_clear_error(call: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = call("--port", taken.getsockname()[1])
    assert said.code == 2
    assert said.err.startswith("error: the server cannot listen there: Address already in use")


def test_connections_outlast_those_of_proxies_parsing_is_not_done_in_python_and_all_is_settled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configs: list[uvicorn.Config] = []
    settled: list[bool] = []
    monkeypatch.setattr("thumbnet.server.process.settle", lambda: settled.append(True))
    monkeypatch.setattr(uvicorn.Server, "run", lambda self, **_: configs.append(self.config))
    assert main(["serve", "--port", "0"]) == 0
    (config,) = configs
    config.load()
    assert settled == [True]
    assert config.timeout_keep_alive > 60
    assert not config.proxy_headers
    assert config.http_protocol_class.__name__ == "HttpToolsProtocol"


def test_models_are_found_by_name_path_or_both(tmp_path: Path) -> None:
    file = tmp_path / "my model.onnx"
    file.write_bytes(bundled_model().read_bytes())
    models = find_models(["digits", str(file), f"other={file}"])
    assert models == {"digits": bundled_model(), "my-model": file, "other": file}


def test_a_damaged_or_unexported_model_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "bad.onnx"
    damaged.write_bytes(bundled_model().read_bytes()[:-1000])
    with pytest.raises(ModelError, match="was changed or damaged"):
        find_models([str(damaged)])
    with pytest.raises(ModelError, match="there is no recogniser here"):
        find_models([str(tmp_path)])


@contextmanager
def served(*words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run ``thumbnet serve`` in a process meanwhile; the value is it, and its port."""
    command = [sys.executable, "-m", "thumbnet", "serve", "--port", "0", "--threads", "1", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            address = re.search(r"at http://127\.0\.0\.1:(\d+) ", line)
            assert address, line + process.stderr.read()
            yield process, int(address[1])
        finally:
            process.terminate()
            process.stderr.read()
            process.wait(timeout=60)


def ask(port: int, path: str, body: bytes | None = None, **headers: str) -> Any:
    address = f"http://127.0.0.1:{port}{path}"
    request = urllib.request.Request(address, body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def test_a_process_serves_and_finishes_what_it_accepted_when_told_to_stop() -> None:
    with served() as (process, port):
        kind = {"Content-Type": "image/png"}
        assert ask(port, "/v1/read", PICTURE, **kind)["text"] == ""
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            head = (
                "POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
                f"Content-Length: {len(PICTURE)}\r\nExpect: 100-continue\r\n\r\n"
            )
            connection.sendall(head.encode())
            # The server says so when the application asks for the body: the request is accepted.
            assert connection.recv(1000).startswith(b"HTTP/1.1 100")
            process.send_signal(signal.SIGTERM)
            _wait_until_refused(port)
            connection.sendall(PICTURE)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        status, _, rest = answer.partition(b"\r\n")
        assert status == b"HTTP/1.1 200 OK"
        assert json.loads(rest.partition(b"\r\n\r\n")[2])[0]["label"] in "0123456789"
        assert process.stderr is not None
        log = process.stderr.read()
        assert "POST /v1/predict 200" in log
        assert "Traceback" not in log
        assert process.wait(timeout=60) == -signal.SIGTERM


def _wait_until_refused(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=60).close()
        except ConnectionError:
            return


def test_a_full_server_refuses_a_large_body_as_it_comes_and_its_connection_goes_on() -> None:
    recogniser = StandInRecogniser()
    recogniser.gate.clear()
    app = application(recogniser, max_in_flight=1)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    kind = {"Content-Type": "application/octet-stream"}
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(2) as threads:
        port = listener.getsockname()[1]
        running = threads.submit(server.run, sockets=[listener])
        first = threads.submit(ask, port, "/v1/predict", PICTURE, **kind)
        assert recogniser.started.wait(60)
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        for _ in range(3):
            connection.request("POST", "/v1/predict", bytes(5_000_000), kind)
            answer = connection.getresponse()
            assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
            assert json.loads(answer.read())["error"]["got"] == "1 in flight"
        recogniser.gate.set()
        assert first.result(60)
        connection.request("GET", "/v2/health/ready")
        assert connection.getresponse().status == 200
        connection.close()
        server.should_exit = True
        running.result(60)


@pytest.mark.slow
def test_several_processes_serve_the_same_with_a_token_that_no_list_of_processes_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("THUMBNET_TOKEN", "secret-token")
    with served("--workers", "2") as (process, port):
        headers = {"Content-Type": "application/json", "Authorization": "Bearer secret-token"}
        for _ in range(10):
            assert ask(port, "/v2/models/digits/infer", INFER, **headers)["model_name"] == "digits"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            ask(port, "/v1/models")
        commands = Path("/proc").glob("[0-9]*/cmdline")
        ours = [text for text in map(_read, commands) if b"thumbnet" in text]
        assert ours
        assert not any(b"secret-token" in text for text in ours)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
