"""The verbs, their help and the version."""

from __future__ import annotations

import pytest

from command_line import Call
from thumbnet import __version__

VERBS = ("train", "test", "predict", "bench", "models", "recipes", "devices", "version", "data")


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_verb(call: Call, flag: str) -> None:
    said = call(flag)
    assert (said.code, said.err) == (0, "")
    for verb in VERBS:
        assert f"\n  {verb} " in said.out


@pytest.mark.parametrize("verb", [[verb] for verb in VERBS] + [["data", "info"]])
def test_every_verb_has_help(call: Call, verb: list[str]) -> None:
    said = call(*verb, "--help")
    assert said.code == 0
    assert said.out.startswith(f"Usage: thumbnet {' '.join(verb)}")


def test_version_is_printed(call: Call) -> None:
    assert call("version").out == f"{__version__}\n"


@pytest.mark.parametrize(
    "words", [["nonsense"], ["train", "--nonsense"], ["train", "--seed", "x"], ["predict"]]
)
def test_unknown_words_exit_with_two_and_usage(call: Call, words: list[str]) -> None:
    said = call(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Usage: thumbnet")
    assert "Traceback" not in said.err
