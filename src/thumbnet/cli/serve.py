"""``thumbnet serve``."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from pathlib import Path
from typing import Annotated, Any

import typer

from thumbnet.cli.output import note
from thumbnet.errors import ModelError, ThumbnetError
from thumbnet.server.settings import ServerSettings

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BACKLOG = 2048
# Requests that were accepted have time to arrive and to be answered, and a little more.
_KEEP_ALIVE_S = 75
_LAST_MOMENTS_S = 5
_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "thumbnet.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}


def serve(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL…]",
            help="A run, a model folder, an .onnx file or digits; NAME=PATH gives it a name. "
            "The first is what a request without a name means.",
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(envvar="THUMBNET_TOKEN", help="Answer only requests that bring this secret."),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen beyond this machine without a token.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    max_in_flight: Annotated[
        int, typer.Option(min=1, help="Requests answered at a time, in each process.")
    ] = 64,
    threads: Annotated[
        int | None, typer.Option(min=1, help="In each process. Default: one a core.")
    ] = None,
    collect: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Let visitors give samples, and keep them here."),
    ] = None,
) -> None:
    """Serve a page and an HTTP interface that read digits."""
    _refuse_open_door(host, token, insecure)
    models = find_models(words or ["digits"])
    settings = ServerSettings(
        token=token or None, max_in_flight=max_in_flight, threads=threads, collect=collect
    )
    with _listen(host, port) as listener:
        _run(models, settings, listener, workers)


def find_models(words: list[str]) -> dict[str, Path]:
    """Return name → file of the recognisers that ``words`` mean, each checked.

    A word is ``digits``, a path, or ``NAME=PATH``; a path's last part is its name.

    Raises:
        ModelError: there is no such recogniser, it is damaged, or two have one name.
    """
    from thumbnet.inference.locate import check_weights, find_recogniser
    from thumbnet.inference.model_file import read_model_file

    models: dict[str, Path] = {}
    for word in words:
        name, path = _split(word)
        file = find_recogniser(path)
        if file is None:
            raise ModelError(
                "there is no recogniser here" if Path(path).exists() else "there is no such model",
                got=path,
                expected="digits, an .onnx file, or a run or model folder that was exported",
                fix=f"thumbnet export {path}" if Path(path).is_dir() else None,
            )
        if name in models:
            raise ModelError(
                f"two models are called '{name}'", got=word, fix=f"ANOTHER-NAME={path}"
            )
        check_weights(file, read_model_file(file).metadata["model_sha256"])
        models[name] = file
    return models


def _split(word: str) -> tuple[str, str]:
    name, equals, path = word.partition("=")
    if equals and _NAME.fullmatch(name):
        return name, path
    return re.sub(r"[^A-Za-z0-9._-]", "-", Path(word).stem)[:64] or "model", word


def _refuse_open_door(host: str, token: str | None, insecure: bool) -> None:
    if token or insecure or _is_loopback(host):
        return
    raise ThumbnetError(
        "others could reach this server, and it has no token",
        got=f"--host {host}",
        expected="an address of this machine alone, such as 127.0.0.1, or a token",
        fix="set THUMBNET_TOKEN, or say --insecure if a proxy in front keeps others out",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, so that an address in use is found before models are loaded."""
    try:
        kind, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address, family=kind, backlog=_BACKLOG)
    except OSError as error:
        raise ThumbnetError(
            f"the server cannot listen there: {error.strerror or error}",
            got=f"{host}, port {port}",
            fix="choose another with --port, or end the other program",
        ) from None
    # Connections inherit it. asyncio sets it only on sockets that it made itself, and without it
    # the end of an answer may wait for the other side's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _run(
    models: dict[str, Path], settings: ServerSettings, listener: socket.socket, workers: int
) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from thumbnet.server.app import ENVIRONMENT, create_app
    from thumbnet.server.process import settle
    from thumbnet.server.settings import to_json

    common: dict[str, Any] = {
        "log_config": _LOGGING,
        # The application writes a line of its own, without the query.
        "access_log": False,
        "ws": "none",
        "server_header": False,
        # Nothing here depends on the visitor's address or scheme.
        "proxy_headers": False,
        # Longer than a proxy keeps an idle connection: it must not send into one that is closing.
        "timeout_keep_alive": _KEEP_ALIVE_S,
        "timeout_graceful_shutdown": int(2 * settings.timeout_s) + _LAST_MOMENTS_S,
        "workers": workers,
    }
    names = ", ".join(models)
    address = _address(listener)
    if workers == 1:
        app = create_app(models, settings)
        settle()
        note(f"serving {names} at {address} (Ctrl-C ends it)")
        uvicorn.Server(uvicorn.Config(app, **common)).run(sockets=[listener])
        return
    os.environ[ENVIRONMENT] = to_json(models, settings)
    factory = "thumbnet.server.process:create_worker"
    note(f"serving {names} at {address} with {workers} processes (Ctrl-C ends it)")
    Multiprocess(uvicorn.Config(factory, factory=True, **common), sockets=[listener]).run()


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
