from __future__ import annotations

import pytest
import torch

from thumbnet.errors import DeviceError
from thumbnet.training.device import (
    autocast,
    available_devices,
    choose_device,
    has_bf16_hardware,
    pinned,
)

CPU = torch.device("cpu")


def _pretend(monkeypatch: pytest.MonkeyPatch, *present: str, num_cuda: int = 2) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in present)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: num_cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in present)


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        ((), ["cpu"]),
        (("mps",), ["mps", "cpu"]),
        (("cuda",), ["cuda", "cpu"]),
        (("mps", "cuda"), ["cuda", "mps", "cpu"]),
    ],
)
def test_fastest_device_comes_first_and_auto_takes_it(
    monkeypatch: pytest.MonkeyPatch, present: tuple[str, ...], expected: list[str]
) -> None:
    _pretend(monkeypatch, *present)
    assert available_devices() == expected
    assert choose_device() == choose_device("auto") == torch.device(expected[0])
    for name in expected:
        assert choose_device(name) == torch.device(name)


def test_one_of_several_cards_is_chosen_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, "cuda")
    assert choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(DeviceError, match="no device 'cuda:2'\n  expected: an index below 2"):
        choose_device("cuda:2")


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_device_that_is_absent_is_said_to_be(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    _pretend(monkeypatch)
    message = f"device '{name}' is not on this machine\n  expected: one of: auto, cpu$"
    with pytest.raises(DeviceError, match=message):
        choose_device(name)


@pytest.mark.parametrize("name", ["gpu", "", "tpu", "CPU", "cuda1"])
def test_device_that_is_unknown_lists_the_known(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    _pretend(monkeypatch, "mps")
    message = f"there is no device '{name}'\n  expected: one of: auto, mps, cpu$"
    with pytest.raises(DeviceError, match=message):
        choose_device(name)


@pytest.mark.parametrize(
    ("capabilities", "fast"),
    [
        ({}, False),
        ({"avx512_bf16": False, "amx_bf16": False}, False),
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
    ],
)
def test_cpu_multiplies_bf16_where_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], fast: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert has_bf16_hardware(CPU) is fast


@pytest.mark.parametrize(
    ("capability", "fast"), [((7, 5), False), ((8, 0), True), ((9, 0), True), ((10, 0), True)]
)
def test_card_multiplies_bf16_since_ampere(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], fast: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert has_bf16_hardware(torch.device("cuda")) is fast


@pytest.mark.parametrize(("bf16", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_autocast_gives_products_of_that_precision(bf16: bool, dtype: torch.dtype) -> None:
    with autocast(CPU, bf16):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("mode", ["off", "warn", "error"])
def test_pinned_is_deterministic_inside_and_restores_everything(mode: str, fails: bool) -> None:
    torch.set_deterministic_debug_mode({"off": "default"}.get(mode, mode))
    before = (
        torch.get_deterministic_debug_mode(),
        torch.get_num_threads(),
        torch.backends.cudnn.benchmark,
        torch.get_rng_state().tolist(),
    )
    try:
        with pinned(threads=1):
            assert torch.get_deterministic_debug_mode() == 2
            assert torch.get_num_threads() == 1
            assert torch.backends.cudnn.benchmark is False
            torch.manual_seed(99)
            if fails:
                raise KeyError
    except KeyError:
        assert fails
    after = (
        torch.get_deterministic_debug_mode(),
        torch.get_num_threads(),
        torch.backends.cudnn.benchmark,
        torch.get_rng_state().tolist(),
    )
    torch.set_deterministic_debug_mode("default")
    assert after == before


def test_pinned_keeps_the_number_of_threads_when_none_is_asked_for() -> None:
    before = torch.get_num_threads()
    with pinned():
        assert torch.get_num_threads() == before
