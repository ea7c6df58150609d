from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from doctor_cases import PYTORCH, changed, codes

from thumbnet.inspection.doctor.script import inspect_script
from thumbnet.inspection.doctor.source import ScriptError, read_source

NO_SHUFFLE = changed((", shuffle=True", ""))


def notebook(*cells: str | list[str]) -> dict[str, Any]:
    return {
        "nbformat": 4,
        "cells": [
            {"cell_type": "markdown", "source": ["# A page"]},
            *({"cell_type": "code", "source": source} for source in cells),
        ],
    }


def written(path: Path, content: str | dict[str, Any]) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_nothing_of_a_script_is_run(tmp_path: Path) -> None:
    trace = tmp_path / "was-run"
    script = f"import pathlib\npathlib.Path({str(trace)!r}).touch()\nraise SystemExit(3)\n{PYTORCH}"
    assert inspect_script(written(tmp_path / "script.py", script)) == []
    assert not trace.exists()


def test_nothing_that_a_script_imports_is_imported(tmp_path: Path) -> None:
    trace = tmp_path / "was-imported"
    written(tmp_path / "helper_of_script.py", f"open({str(trace)!r}, 'w')")
    script = written(tmp_path / "script.py", f"import helper_of_script\n{PYTORCH}")
    inspect_script(script)
    assert not trace.exists()


def test_line_and_place_of_a_finding(tmp_path: Path) -> None:
    path = written(tmp_path / "train.py", NO_SHUFFLE)
    (finding,) = inspect_script(path)
    line = NO_SHUFFLE[: NO_SHUFFLE.index("train_loader =")].count("\n") + 1
    assert (finding.code, finding.line) == ("no-shuffle", line)
    assert finding.position == f"{path}:{line}"


@pytest.mark.parametrize(
    "codes_said", ["no-shuffle", "unseeded, no-shuffle", "no-shuffle unseeded"]
)
def test_a_comment_in_the_line_silences_the_codes_it_names(codes_said: str) -> None:
    line = "train_loader = DataLoader(train_set, batch_size=64)"
    assert (
        codes(changed((line, f"{line}  # thumbnet: ok {codes_said}"), script=NO_SHUFFLE)) == set()
    )


def test_a_comment_inside_a_long_statement_counts_for_it() -> None:
    line = "train_loader = DataLoader(train_set, batch_size=64)"
    long = (
        "train_loader = DataLoader(\n    train_set,  # thumbnet: ok no-shuffle\n    batch_size=64)"
    )
    assert codes(changed((line, long), script=NO_SHUFFLE)) == set()


@pytest.mark.parametrize(
    "comment", ["# thumbnet: ok unseeded", "# ok no-shuffle", "; '# thumbnet: ok no-shuffle'"]
)
def test_other_codes_other_comments_and_texts_silence_nothing(comment: str) -> None:
    line = "train_loader = DataLoader(train_set, batch_size=64)"
    assert codes(changed((line, f"{line} {comment}"), script=NO_SHUFFLE)) == {"no-shuffle"}


def test_notebook_is_read_without_its_magics(tmp_path: Path) -> None:
    first, second = NO_SHUFFLE.split("model = Net()")
    cells = notebook(
        "%matplotlib inline\n!pip install torch\n" + first,
        "%%bash\nrm -rf data",
        [line + "\n" for line in ("model = Net()" + second).splitlines()],
    )
    (finding,) = inspect_script(written(tmp_path / "page.ipynb", cells))
    line = first[: first.index("train_loader =")].count("\n") + 3
    assert finding.code == "no-shuffle"
    assert finding.where == f"cell 2:{line}"
    assert finding.position.endswith(f"page.ipynb:cell 2:{line}")


def test_magic_inside_a_block_leaves_the_block_whole(tmp_path: Path) -> None:
    source = "for i in range(3):\n    %time\n    !ls\nprint(1)\n"
    assert read_source(written(tmp_path / "page.ipynb", notebook(source))).tree.body


def test_notebook_without_code_has_no_finding(tmp_path: Path) -> None:
    assert inspect_script(written(tmp_path / "page.ipynb", notebook())) == []


def test_missing_script_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"cannot be read: No such file"):
        inspect_script(tmp_path / "missing.py")


def test_syntax_error_names_the_line(tmp_path: Path) -> None:
    path = written(tmp_path / "old.py", "import torch\n\nprint 'loss', loss\n")
    with pytest.raises(ScriptError, match=r"no Python: (?s:.*)old\.py:3"):
        inspect_script(path)


def test_syntax_error_in_a_notebook_names_cell_and_line(tmp_path: Path) -> None:
    path = written(tmp_path / "page.ipynb", notebook("x = 1", "y = 2\nz = = 3"))
    with pytest.raises(ScriptError, match=r"page\.ipynb:cell 3:2"):
        inspect_script(path)


@pytest.mark.parametrize("content", ["no JSON", "{}", '{"cells": [{"cell_type": "code"}]}'])
def test_broken_notebook_is_an_error(tmp_path: Path, content: str) -> None:
    with pytest.raises(ScriptError, match="the notebook cannot be read"):
        inspect_script(written(tmp_path / "page.ipynb", content))


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"# coding: nonsense\n", b"x = '\xe4'\n", b"a\0b"]
)
def test_bytes_that_are_no_script_are_an_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "script.py"
    path.write_bytes(data)
    with pytest.raises(ScriptError, match=r"no text|no Python"):
        inspect_script(path)


def test_declared_encoding_and_windows_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    text = "# -*- coding: latin-1 -*-\n# Grün\n" + NO_SHUFFLE
    path.write_bytes(text.replace("\n", "\r\n").encode("latin-1"))
    assert [finding.code for finding in inspect_script(path)] == ["no-shuffle"]


def test_very_deep_expression_ends() -> None:
    deep = "x = " + "(" * 60 + "1" + ")" * 60 + "\n" + "y = " + "+".join(["1"] * 900) + "\n"
    assert codes(deep) == set()


def test_endless_work_ends() -> None:
    loops = "".join(f"{'    ' * depth}for i{depth} in range(9):\n" for depth in range(18))
    assert codes(f"{loops}{'    ' * 18}print(i0)\n") == set()


def test_script_that_is_too_large_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thumbnet.inspection.doctor.source.MAX_BYTES", 100)
    with pytest.raises(ScriptError, match=r"too large(?s:.*)at most 100"):
        inspect_script(written(tmp_path / "train.py", NO_SHUFFLE))
    assert inspect_script(written(tmp_path / "page.ipynb", notebook(NO_SHUFFLE)))


def test_scripts_are_looked_at_without_torch(tmp_path: Path) -> None:
    path = written(tmp_path / "train.py", NO_SHUFFLE)
    program = (
        "import sys; sys.modules.update(torch=None, numpy=None);"
        "from thumbnet.inspection.doctor.script import inspect_script;"
        f"print([finding.code for finding in inspect_script({str(path)!r})])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "['no-shuffle']\n"
