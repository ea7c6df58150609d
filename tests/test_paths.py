from __future__ import annotations

from pathlib import Path

import pytest

from thumbnet.paths import cache_folder, is_offline


def test_home_variable_is_the_cache_folder_and_is_not_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THUMBNET_HOME", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache"
    assert not cache_folder().exists()


def test_home_variable_may_begin_with_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("THUMBNET_HOME", "~/cache")
    assert cache_folder() == tmp_path / "cache"


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_variable_it_is_the_platforms_cache(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv("THUMBNET_HOME")
    else:
        monkeypatch.setenv("THUMBNET_HOME", value)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name, **_: f"/cache/{name}")
    assert cache_folder() == Path("/cache/thumbnet")


@pytest.mark.parametrize(
    ("value", "offline"), [(None, False), ("", False), ("0", False), ("1", True), ("yes", True)]
)
def test_network_is_forbidden_by_any_value_but_zero(
    monkeypatch: pytest.MonkeyPatch, value: str | None, offline: bool
) -> None:
    if value is None:
        monkeypatch.delenv("THUMBNET_OFFLINE")
    else:
        monkeypatch.setenv("THUMBNET_OFFLINE", value)
    assert is_offline() is offline
