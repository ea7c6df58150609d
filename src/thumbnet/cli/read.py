"""``thumbnet read``."""

from __future__ import annotations

import contextlib
import csv
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thumbnet.cli.output import note, print_json
from thumbnet.cli.pictures import find_pictures
from thumbnet.errors import OutputError, ThumbnetError
from thumbnet.languages import check_language

if TYPE_CHECKING:
    from thumbnet.reading.many import Photo, Settings

COLUMNS = ["file", "line", "text", "probability", "left", "top", "right", "bottom"]


def read(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="PHOTO…",
            help="Files, folders, glob patterns; - reads a photo, or names of files, from stdin.",
        ),
    ],
    model: Annotated[
        str, typer.Option("--model", "-m", help="A run, a model folder or an .onnx file.")
    ] = "digits",
    charset: Annotated[
        str, typer.Option(help="The digits that may occur, such as 0-7 or 1,3-5.")
    ] = "0-9",
    expect: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How many digits a line has.")
    ] = None,
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, metavar="P", help="Show less probable digits as ?.")
    ] = 0.0,
    annotate: Annotated[
        Path | None,
        typer.Option(help="Draw the reading into a .png file; of several photos into a folder."),
    ] = None,
    explain: Annotated[
        Path | None,
        typer.Option(help="Show every step on an .html page; of several photos in a folder."),
    ] = None,
    language: Annotated[
        str, typer.Option(metavar="en|zh", help="Of doubts and of the explanation.")
    ] = "en",
    out: Annotated[
        Path | None,
        typer.Option(
            help="Append each result to this file as JSON, one a line. If stopped, start the same "
            "command again: photos that are in the file are left out."
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads for each photo. Default: all cores.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Photos read at once. Default: as many as there are cores."),
    ] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print a row of CSV for each line.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, one object a line for each photo.")
    ] = False,
) -> None:
    """Read the digits in photos.

    Of one photo its lines are printed; of several, or of a folder, each line after the photo's name
    and a tab. What is doubtful is said on stderr as name:line:digit. One photo that cannot be read
    does not stop the others; the exit code is then 2.
    """
    from thumbnet.reading.many import Photo, Settings
    from thumbnet.reading.options import ReadOptions

    options = ReadOptions(parse_charset(charset), expect, min_confidence)
    settings = Settings(model, options, language, threads, with_sha256=out is not None)
    check_language(language)
    if out is not None and (as_csv or as_json):
        raise OutputError(
            "with --out nothing is printed", got="--csv" if as_csv else "--json", fix="leave it out"
        )
    found = list(find_pictures(words))
    names = [name for name, _ in found]
    drawn, explained = places(annotate, names, ".png"), places(explain, names, ".html")
    photos = [
        Photo(_printable(name), source, *files)
        for (name, source), *files in zip(found, drawn, explained, strict=True)
    ]
    try:
        if out is not None:
            num_failed = _append(photos, settings, jobs, out)
        elif as_csv:
            num_failed = _print_csv(_records(photos, settings, jobs))
        elif as_json:
            num_failed = _print_json(_records(photos, settings, jobs))
        else:
            # As grep does: the name says which of several, and a folder may hold several.
            named = names != words or len(names) > 1
            num_failed = _print_text(_records(photos, settings, jobs), named)
    except KeyboardInterrupt:
        if out is not None:
            note(f"stopped; what was read is in {out}. Start the same command again to go on.")
        raise typer.Exit(130) from None
    if num_failed:
        raise typer.Exit(ThumbnetError.exit_code)


def parse_charset(text: str) -> str:
    """Return the digits that a text such as ``0-9``, ``0123`` or ``1-4,7`` means, each once.

    Raises:
        ThumbnetError: it is of another form.
    """
    digits: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        ends_fit = all(len(end) == 1 and end in "0123456789" for end in (first, last))
        if dash and ends_fit and first <= last:
            digits.update(range(int(first), int(last) + 1))
        elif part and not dash and set(part) <= set("0123456789"):
            digits.update(int(character) for character in part)
        else:
            raise ThumbnetError(
                "the charset cannot be understood",
                got=repr(text),
                expected="digits and ranges, such as 0-9, 0123 or 1-4,7",
            )
    return "".join(map(str, sorted(digits)))


def places(out: Path | None, names: list[str], suffix: str) -> list[Path | None]:
    """Return the file that is drawn for each photo: ``out`` itself, or one in the folder ``out``.

    In the folder a photo's file lies as the photo does below the folder that all have in common,
    under the photo's whole name, so that no two are the same.

    Raises:
        OutputError: for one photo ``out`` does not end in ``suffix``.
    """
    if out is None:
        return [None] * len(names)
    if len(names) == 1:
        if out.suffix.lower() != suffix or out.is_dir():
            raise OutputError("the file has another form", got=out, expected=f"a {suffix} file")
        return [out]
    paths = [Path(name).absolute() for name in names]
    top = os.path.commonpath([path.parent for path in paths])
    return [out / f"{path.relative_to(top)}{suffix}" for path in paths]


def _printable(text: str) -> str:
    """Return a text with ? for what is no UTF-8 in a file's name: it can be printed and saved."""
    return text.encode(errors="replace").decode()


def _records(photos: list[Photo], settings: Settings, jobs: int | None) -> Iterator[dict[str, Any]]:
    """Yield each photo's record; say on stderr what failed, and on a terminal how many are done."""
    from thumbnet.reading.many import num_processes_for, read_many

    is_watched = len(photos) > 1 and sys.stderr.isatty()
    records = read_many(photos, settings, num_processes_for(len(photos), jobs))
    # Closed at once on Ctrl-C, so that the processes have ended before this one does.
    with contextlib.closing(records):
        for num_done, record in enumerate(records, start=1):
            if is_watched:
                print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            if "error" in record:
                record["error"] = _printable(record["error"])
                note(f"error: {record['error']}")
            yield record
            if is_watched:
                count = f"{num_done:,} of {len(photos):,}"
                print(count, end="", file=sys.stderr, flush=True)
    if is_watched:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _append(photos: list[Photo], settings: Settings, jobs: int | None, out: Path) -> int:
    from thumbnet.reading.results_file import ResultsFile

    num_failed = 0
    with ResultsFile(out) as results:
        left = [photo for photo in photos if not results.holds(photo.name, photo.source)]
        for record in _records(left, settings, jobs):
            results.append(record)
            num_failed += "error" in record
    there = f", {len(photos) - len(left):,} were there already" if len(left) < len(photos) else ""
    note(f"{out}: {len(left) - num_failed:,} read, {num_failed:,} failed{there}")
    return num_failed


def _print_json(records: Iterable[dict[str, Any]]) -> int:
    num_failed = 0
    for record in records:
        print_json(record)
        num_failed += "error" in record
    return num_failed


def _print_csv(records: Iterable[dict[str, Any]]) -> int:
    num_failed = 0
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in records:
        num_failed += "error" in record
        for number, line in enumerate(record.get("lines", ()), start=1):
            values = [record["file"], number, line["text"], line["probability"], *line["box"]]
            writer.writerow(values)
        sys.stdout.flush()
    return num_failed


def _print_text(records: Iterable[dict[str, Any]], named: bool) -> int:
    num_failed = 0
    for record in records:
        if "error" in record:
            num_failed += 1
            continue
        # A photo without digits has a row too, so that none of several is missing.
        texts = record["text"].splitlines() or [""] * named
        for text in texts:
            print(f"{record['file']}\t{text}" if named else text, flush=True)
        _note_doubts(record)
    return num_failed


def _note_doubts(record: dict[str, Any]) -> None:
    for doubt in record["diagnosis"]:
        note(f"{record['file']}: {doubt['words']}")
    for row, line in enumerate(record["lines"], start=1):
        for column, digit in enumerate(line["digits"], start=1):
            doubts = "; ".join(doubt["words"] for doubt in digit["diagnosis"])
            if doubts:
                place = f"{record['file']}:{row}:{column}"
                note(f"{place}: {digit['label']} ({digit['probability']:.0%}): {doubts}")
