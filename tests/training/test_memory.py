"""What the C library is told, through a stand-in for it."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator

import pytest

from thumbnet.training import memory


class _Library:
    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []

    def mallopt(self, parameter: int, value: int) -> int:
        self.told.append((parameter, value))
        return 1


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    memory.keep_freed_memory.cache_clear()
    yield
    memory.keep_freed_memory.cache_clear()


def test_glibc_is_told_once_to_keep_what_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    library = _Library()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)

    memory.keep_freed_memory()
    memory.keep_freed_memory()

    assert library.told == [(-1, 2**31 - 1), (-4, 0)]  # M_TRIM_THRESHOLD, M_MMAP_MAX


def test_other_c_libraries_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())

    memory.keep_freed_memory()


def test_other_systems_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> object:
        raise AssertionError

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", fail)

    memory.keep_freed_memory()
