"""From settings to an application, also by way of a worker's environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stand_in_server import Client

from thumbnet.errors import ModelError, ThumbnetError
from thumbnet.inference.locate import bundled_model
from thumbnet.server.app import ENVIRONMENT, create_app, create_from_environment
from thumbnet.server.settings import ServerSettings, from_json, to_json


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"token": "two words"}, "the token cannot be sent in a header"),
        ({"token": ""}, "the token cannot be sent in a header"),
        ({"max_body_bytes": 0}, "max_body_bytes is too small"),
        ({"timeout_s": -1}, "timeout_s is too small"),
        ({"threads": 0}, "too few threads"),
    ],
)
def test_settings_out_of_range_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ThumbnetError, match=message):
        ServerSettings(**values)


def test_settings_survive_the_way_to_a_worker() -> None:
    models = {"digits": Path("/a b/ü.onnx")}
    secret = ServerSettings(token="secret", collect=Path("x"), threads=3)
    for settings in (ServerSettings(), secret):
        assert from_json(to_json(models, settings)) == (models, settings)
    assert "secret" not in repr(secret)


def test_a_worker_serves_what_its_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    models = {"first": bundled_model(), "second": bundled_model()}
    settings = ServerSettings(threads=1, collect=tmp_path / "samples")
    monkeypatch.setenv(ENVIRONMENT, to_json(models, settings))
    with Client(create_from_environment()) as client:
        listed = client.get("/v1/models").json()
        assert [model["name"] for model in listed["models"]] == ["first", "second"]
        assert listed["collect"] is True
        assert client.get("/v2/models/second/ready").json() == {"name": "second", "ready": True}


def test_a_model_that_is_none_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no model to serve"):
        create_app({}, ServerSettings())
    with pytest.raises(ModelError, match="does not exist"):
        create_app({"x": tmp_path / "missing.onnx"}, ServerSettings())
