"""How a server behaves: its secret, its limits and its sizes."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from thumbnet.errors import ThumbnetError

# What RFC 6750 allows in a bearer token.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


@dataclass(frozen=True)
class ServerSettings:
    """What a server is started with.

    Attributes:
        token: the secret that every request must bring, except for health and the page itself.
        max_body_bytes: a larger request is refused.
        timeout_s: a request may take this long to arrive, and this long again to be answered.
        max_in_flight: so many requests are answered at a time; more are told to come back.
        max_batch: a batch takes no further request once it has so many pictures.
        max_pictures: in one request.
        threads: that decode and read, and that recognise; as many as there are cores by default.
        collect: the folder that collected samples go to; without it there is no collecting.

    Raises:
        ThumbnetError: a value is out of range.
    """

    token: str | None = field(default=None, repr=False)
    max_body_bytes: int = 10_000_000
    timeout_s: float = 30.0
    max_in_flight: int = 64
    max_batch: int = 16
    max_pictures: int = 256
    threads: int | None = None
    collect: Path | None = None

    def __post_init__(self) -> None:
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            # The token itself stays out of the message, which may end in a log.
            raise ThumbnetError(
                "the token cannot be sent in a header",
                expected="letters, digits and . _ ~ + / - (RFC 6750)",
                fix='python -c "import secrets; print(secrets.token_urlsafe())"',
            )
        numbers = ("max_body_bytes", "timeout_s", "max_in_flight", "max_batch", "max_pictures")
        for name in numbers:
            if getattr(self, name) <= 0:
                raise ThumbnetError(
                    f"{name} is too small", got=getattr(self, name), expected="above 0"
                )
        if self.threads is not None and self.threads < 1:
            raise ThumbnetError("too few threads", got=self.threads, expected="1 or more")

    @property
    def max_held_bytes(self) -> int:
        """Of all bodies that are arriving or being answered, together."""
        return self.max_body_bytes * self.max_in_flight


def to_json(models: dict[str, Path], settings: ServerSettings) -> str:
    """Return what another process needs to make the same server."""
    return json.dumps({"models": models, "settings": asdict(settings)}, default=str)


def from_json(text: str) -> tuple[dict[str, Path], ServerSettings]:
    """Return what ``to_json`` was given."""
    stored: dict[str, Any] = json.loads(text)
    values = stored["settings"]
    collect = values.pop("collect")
    settings = ServerSettings(**values, collect=None if collect is None else Path(collect))
    return {name: Path(path) for name, path in stored["models"].items()}, settings
