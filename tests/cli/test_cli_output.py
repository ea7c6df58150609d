"""Tables, JSON and warnings as they are printed."""

from __future__ import annotations

import warnings

import pytest

from thumbnet.cli.output import note, plain_warnings, print_json, print_table


def test_table_puts_numbers_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name", "count"], [["a", 5], ["longer", 12345]])
    assert capsys.readouterr().out == "name    count\na           5\nlonger  12345\n"


def test_wide_characters_count_for_two(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["名", "n"], [["猫", "x"], ["abcd", "y"]])
    assert capsys.readouterr().out == "名    n\n猫    x\nabcd  y\n"


def test_table_without_rows_is_its_headers(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name", "count"], [])
    assert capsys.readouterr().out == "name  count\n"


def test_json_is_one_line_of_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"label": "猫"})
    assert capsys.readouterr().out == '{"label": "猫"}\n'


def test_json_has_no_nan() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        print_json(float("nan"))


def test_warning_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with plain_warnings():
        warnings.simplefilter("always")
        warnings.warn("the pictures are small", stacklevel=1)
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "warning: the pictures are small\n")


def test_note_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    note("downloading")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "downloading\n")
