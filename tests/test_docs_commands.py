"""A newcomer who types what the tutorial path or a README says gets every command to work.

Each page is followed from its top in an empty folder: console blocks and marked Python blocks are
run in their order, as they are printed. The reader has the files that the page offers or has them
write, and brings those that it asks for. The quick tests run in a tiny world, see
``tiny_documentation``; the slow one in the real one.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from docs_pages import (
    DOCS,
    FENCE,
    READMES,
    ROOT,
    TUTORIALS,
    commands,
    in_chinese,
    page_id,
    shell_commands,
    split_commands,
    without_blocks,
)
from thumbnet.__main__ import main
from tiny_documentation import BROUGHT, shrink

PATH = [page for english in TUTORIALS for page in (english, in_chinese(english))]
MNIST_PAGES = [page for page in TUTORIALS if page.stem != "cifar10"]
RUNNABLE = "<!-- runnable -->\n"
OFFERED = re.compile(r"\]\(((?:\.\./)+images/([\w.-]+))\)")
SAVED_AS = re.compile(r"`([\w-]+\.toml)`[^`]*\n\n```toml\n(.*?)^```$", re.DOTALL | re.MULTILINE)

Thumbnet = Callable[[list[str]], int]


def follow(page: Path, thumbnet: Thumbnet) -> int:
    """Do what a page says in the present folder; return how many blocks there were to do."""
    get_files(page)
    text, names, num_blocks = page.read_text(encoding="utf-8"), {}, 0
    for block in FENCE.finditer(text):
        if block[2] == "console":
            for words in split_commands(block[3]):
                do(words, thumbnet)
        elif block[2] == "python" and text[: block.start()].endswith(RUNNABLE):
            exec(block[3], names)
        else:
            continue
        num_blocks += 1
    return num_blocks


def get_files(page: Path) -> None:
    """Put the files that the page's commands need where the reader has them."""
    text, prose = page.read_text(encoding="utf-8"), without_blocks(page)
    named = " ".join(" ".join(words) for words in shell_commands(page))
    for target, name in OFFERED.findall(text):
        if name in named:
            shutil.copy(page.parent / target, name)
    for name, content in SAVED_AS.findall(text):
        Path(name).write_text(content, encoding="utf-8")
    for name, bring in BROUGHT.items():
        if re.search(rf"\b{name}\b", named) and not Path(name).exists():
            # A README shows what there is; a tutorial tells its reader what to bring.
            assert page in READMES or f"`{name}`" in prose, f"{name} falls from the sky"
            bring(Path(name))


def do(words: list[str], thumbnet: Thumbnet) -> None:
    """Run a command of ours; of any other, see that there is such a thing."""
    if words[0] == "thumbnet":
        # The doctor ends with 1 if it finds something.
        right = (0, 1) if words[1] == "doctor" else (0,)
        assert thumbnet(words[1:]) in right, " ".join(words)
    elif words[0] == "torchrun":
        assert (Path(sys.executable).parent / "torchrun").exists()
        do(words[words.index("thumbnet") :], thumbnet)
    else:
        check_other(words)


def check_other(words: list[str]) -> None:
    """Check a command that is not run: its target, its extra, its file."""
    if words[0] == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE), f"make {words[1]}"
    elif words[:2] == ["pip", "install"]:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        name, extra = re.fullmatch(r"([\w.]+)(?:\[(\w+)\])?", words[2]).groups()
        assert name in (project["name"], ".")
        assert extra is None or extra in project["optional-dependencies"]
    elif words[0] == "python":
        assert (ROOT / words[1]).is_file(), words[1]
    else:
        assert words[0] in ("git", "cd"), f"nothing is known of '{' '.join(words)}'"


def in_process(words: list[str]) -> int:
    return main(words)


def as_process(words: list[str]) -> int:
    return subprocess.run([sys.executable, "-m", "thumbnet", *words]).returncode


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "newcomer"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("page", [*PATH, *READMES], ids=page_id)
def test_every_command_of_a_page_works(
    page: Path, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink(monkeypatch)
    assert follow(page, in_process) > 1
    for words in commands(page):
        if "--out" in words:
            assert (empty_folder / words[words.index("--out") + 1]).exists()


@pytest.mark.slow
@pytest.mark.parametrize("page", MNIST_PAGES, ids=page_id)
@pytest.mark.usefixtures("empty_folder")
def test_every_command_of_an_mnist_page_works_in_full(page: Path) -> None:
    assert follow(page, as_process) > 1


@pytest.mark.parametrize("page", [*TUTORIALS, READMES[0]], ids=page_id)
def test_both_languages_have_the_same_commands(page: Path) -> None:
    assert shell_commands(in_chinese(page)) == shell_commands(page)
    assert len(commands(page)) > 1


def test_no_two_pages_of_the_path_use_one_run_folder() -> None:
    taken = [
        words[words.index("--out") + 1]
        for page in TUTORIALS
        for words in commands(page)
        if "--out" in words
    ]
    assert len(taken) == len(set(taken)) > 5


@pytest.mark.parametrize("page", [*TUTORIALS, READMES[0]], ids=page_id)
def test_both_languages_have_the_same_python(page: Path) -> None:
    def code(path: Path) -> list[str]:
        found = FENCE.findall(path.read_text(encoding="utf-8"))
        return [re.sub(r"\s+#.*", "", body) for _, kind, body in found if kind == "python"]

    assert code(in_chinese(page)) == code(page)


def test_wrong_command_would_be_noticed(empty_folder: Path) -> None:
    page = empty_folder / "page.md"
    page.write_text("Type:\n\n```console\nthumbnet models\nthumbnet modles\n```\n")
    with pytest.raises(AssertionError, match="thumbnet modles"):
        follow(page, in_process)
    for words in (["make", "coffee"], ["pip", "install", "thumbnet[coffee]"], ["rm", "-r", "."]):
        with pytest.raises(AssertionError, match=r"coffee|nothing is known"):
            check_other(words)


def test_every_page_of_the_path_is_followed() -> None:
    assert sorted(TUTORIALS) == sorted((DOCS / "tutorials").glob("*.md"))
