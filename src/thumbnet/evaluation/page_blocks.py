"""A page as a list of blocks, written as Markdown or as one self-contained HTML file."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from thumbnet.evaluation.canvas import figure_as_svg_data_uri

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Heading:
    """A title; level 1 is the page's own."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """A line of text; ``code`` stands between backticks."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of lines."""

    items: Sequence[str]


@dataclass(frozen=True)
class Code:
    """A command or a file, shown as it is."""

    text: str
    language: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of texts under headers; all columns but the first ``num_texts`` are numbers."""

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    num_texts: int = 1


@dataclass(frozen=True)
class Picture:
    """A figure by name, with what it shows in words."""

    name: str
    alt: str


Block = Heading | Paragraph | Bullets | Code | Table | Picture


def to_markdown(blocks: Sequence[Block], figure_paths: Mapping[str, str]) -> str:
    """Return the page as Markdown.

    Args:
        blocks: in order.
        figure_paths: for each picture's name, where the page finds its file.
    """
    return "\n\n".join(_markdown(block, figure_paths) for block in blocks) + "\n"


def _markdown(block: Block, figure_paths: Mapping[str, str]) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {block.text}"
        case Paragraph():
            return block.text
        case Bullets():
            return "\n".join(f"- {item}" for item in block.items)
        case Code():
            return f"```{block.language}\n{block.text}\n```"
        case Picture():
            return f"![{block.alt}]({figure_paths[block.name]})"
        case Table():
            rule = ["---"] * block.num_texts + ["---:"] * (len(block.headers) - block.num_texts)
            rows = [block.headers, rule, *block.rows]
            return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def to_html(
    blocks: Sequence[Block], figures: Mapping[str, Figure], *, title: str, language: str
) -> str:
    """Return the page as one HTML file that needs no other and no network.

    Args:
        blocks: in order.
        figures: for each picture's name, the figure; embedded as SVG.
        title: of the browser's window.
        language: of the text, e.g. ``en``.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("thumbnet.evaluation", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    body = "\n".join(_html(block, figures) for block in blocks)
    template = environment.get_template("page_blocks.html.jinja")
    return template.render(title=title, language=language, body=body)


def _html(block: Block, figures: Mapping[str, Figure]) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{_inline(block.text)}</h{block.level}>"
        case Paragraph():
            return f"<p>{_inline(block.text)}</p>"
        case Bullets():
            return f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in block.items)}</ul>"
        case Code():
            return f"<pre><code>{html.escape(block.text)}</code></pre>"
        case Picture():
            uri = figure_as_svg_data_uri(figures[block.name])
            return f'<figure><img src="{uri}" alt="{html.escape(block.alt)}"></figure>'
        case Table():
            return _html_table(block)


def _html_table(table: Table) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        kinds = [' class="number"' if i >= table.num_texts else "" for i in range(len(cells))]
        inner = (
            f"<{tag}{kind}>{_inline(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True)
        )
        return f"<tr>{''.join(inner)}</tr>"

    body = "".join(row(cells, "td") for cells in table.rows)
    head = row(table.headers, "th")
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>'


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(text))
