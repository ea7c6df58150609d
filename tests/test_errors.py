from __future__ import annotations

import inspect

import pytest

from thumbnet import errors
from thumbnet.errors import DataError, DownloadError, ImageError, ThumbnetError, nearest

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if kind.__module__ == errors.__name__
]


def test_message_has_what_got_expected_and_fix_on_lines_of_their_own() -> None:
    error = ThumbnetError("it broke", got=7, expected="8", fix="add one")
    assert str(error) == "it broke\n  got: 7\n  expected: 8\n  fix: add one"
    assert (error.what, error.got, error.expected, error.fix) == ("it broke", 7, "8", "add one")


def test_parts_that_are_not_given_leave_no_line() -> None:
    assert str(ThumbnetError("it broke", fix="mend it")) == "it broke\n  fix: mend it"
    assert str(ThumbnetError("it broke")) == "it broke"


@pytest.mark.parametrize("value", [0, "", False])
def test_an_empty_value_that_was_got_is_shown(value: object) -> None:
    assert str(ThumbnetError("wrong", got=value)) == f"wrong\n  got: {value}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_caught_by_the_base_and_exits_with_two(kind: type[ThumbnetError]) -> None:
    with pytest.raises(ThumbnetError, match="it broke"):
        raise kind("it broke")
    assert kind.exit_code == 2


def test_picture_and_download_errors_are_data_errors() -> None:
    assert issubclass(ImageError, DataError)
    assert issubclass(DownloadError, DataError)


def test_nearest_names_the_closest_and_lists_all_sorted() -> None:
    assert nearest("sed", ["seed", "epochs"]) == "one of: epochs, seed (did you mean 'seed'?)"


def test_nearest_hints_at_nothing_when_nothing_is_close() -> None:
    assert nearest("zzz", ["seed", "epochs"]) == "one of: epochs, seed"


def test_nearest_lists_only_the_closest_of_many() -> None:
    phrase = nearest("epochz", [*(f"key_{number}" for number in range(30)), "epochs"])
    assert phrase == "one of 31 names: epochs, … (did you mean 'epochs'?)"
