"""``thumbnet export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from thumbnet.cli.output import note, print_json


def export(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A run or model folder; for --web an .onnx file or digits too."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The file; default: model.onnx in the model folder."),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Quantise, if it costs ≤ 0.1 points and is faster here.")
    ] = False,
    web: Annotated[
        Path | None,
        typer.Option(help="Also make this folder: a web page that recognises, without a server."),
    ] = None,
    runtime: Annotated[
        Path | None, typer.Option(help="For --web: where onnxruntime-web is, if not from npm.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Write a trained model as one .onnx file that takes raw pixels, with proof of parity."""
    from thumbnet.inference.locate import is_bundled

    done: dict[str, Any] = {}
    if is_bundled(model) or Path(model).is_file():
        file = _finished_file(model, out, int8, web)
    else:
        from thumbnet.export.single_file import export_model

        exported = export_model(model, out, int8=int8, report=note)
        file = exported.path
        done = exported.to_dict()
        note(exported.certificate.in_words())
        if exported.quantisation is not None:
            note(exported.quantisation.in_words())
    if web is not None:
        from thumbnet.export.web import write_web_bundle

        write_web_bundle(file, web, runtime, note)
        done["web"] = str(web)
    if as_json:
        print_json(done)
    else:
        for name in ("file", "web"):
            if name in done:
                print(done[name])


def _finished_file(model: str, out: Path | None, int8: bool, web: Path | None) -> Path:
    """Return the file of a recogniser that was exported before: only a page can be made of it."""
    from thumbnet.errors import ModelError
    from thumbnet.inference.locate import find_recogniser

    file = find_recogniser(model)
    assert file is not None
    if web is None or out is not None or int8:
        raise ModelError(
            "this is exported already",
            got=model,
            expected="a run or model folder, or --web DIR alone",
            fix=f"thumbnet export {model} --web page",
        )
    return file
