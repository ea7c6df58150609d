"""What the tests of the documentation read in its pages: blocks, commands, headings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
TOP_PAGES = [*READMES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
TUTORIALS = [
    DOCS / "tutorials" / f"{name}.md"
    for name in ("index", "mlp", "dropout", "cnn", "resnet", "cifar10")
]

# A block may stand within the item of a list.
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.*?)(?: \{ *#([\w-]+) *\})?$", re.MULTILINE)
_SHELLS = ("console", "bash", "sh")
_ENDS_COMMAND = {"|", ";", "&&", ">"}


def page_id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def in_chinese(path: Path) -> Path:
    """Return the Chinese twin of an English page."""
    if path.parent == ROOT:
        return ROOT / f"{path.stem}.zh-CN.md"
    return DOCS / "zh" / path.relative_to(DOCS)


def without_blocks(path: Path) -> str:
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def blocks(path: Path, *languages: str) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return [body for _, language, body in FENCE.findall(text) if language in languages]


def shell_commands(path: Path) -> list[list[str]]:
    """Return the words of every command in a page's shell blocks, without the variables it sets."""
    return [words for block in blocks(path, *_SHELLS) for words in split_commands(block)]


def split_commands(block: str) -> Iterator[list[str]]:
    """Yield the words of each command; a comment is none."""
    for line in block.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|;&><")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word not in _ENDS_COMMAND:
                words.append(word)
                continue
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                del words[0]
            if words:
                yield words
            words = []


def commands(path: Path) -> list[list[str]]:
    """Return the words behind each ``thumbnet`` of a page's shell blocks."""
    return [words[1:] for words in shell_commands(path) if words[0] == "thumbnet"]


def anchors(path: Path) -> set[str]:
    """Return a page's anchors, by the rule of pymdownx.slugs, and those of generated entries."""
    text = without_blocks(path)
    slugs = set(re.findall(r"^::: ([\w.]+)$", text, re.MULTILINE))
    for title, name in HEADING.findall(text):
        words = re.sub(r"[^\w\- ]", "", title).strip().lower()
        slugs.add(name or words.replace(" ", "-"))
    return slugs
