"""A recogniser as a static page: draw, and the answer appears; nothing is sent anywhere.

The folder holds all that the page needs and refers to nothing outside, so that any static host, or
none but the own machine, serves it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from thumbnet.errors import ModelError, OutputError
from thumbnet.export import web_runtime
from thumbnet.files import new_folder, to_json

PAGE_FILES = (
    "README.txt",
    "app.js",
    "board.js",
    "icon.png",
    "onnxruntime-web-LICENSE.txt",
    "pictures.js",
    "recogniser.js",
    "style.css",
    "view.js",
    "words.js",
    "worker.js",
)
# Hosts that do not know .mjs serve it as a download, which browsers refuse to run.
SCRIPT_NAME = "ort.wasm.bundle.min.js"
OUTPUTS = ["label", "probability", "probabilities", "refused", "score", "seen"]


def write_web_bundle(
    model: Path,
    folder: Path,
    runtime: Path | None = None,
    report: Callable[[str], None] | None = None,
) -> None:
    """Write a folder that is a web page which recognises drawings and pictures with ``model``.

    It appears whole or not at all.

    Args:
        model: the single-file ONNX recogniser.
        folder: what to make; new, or empty.
        runtime: where onnxruntime-web is, see ``web_runtime.load_runtime``.
        report: called with a line of progress.

    Raises:
        OutputError: ``folder`` is a file, is not empty, or cannot be written.
        ModelError: ``model`` is no recogniser of ours.
        DownloadError: the runtime cannot be had, or is not the pinned one.
    """
    _check_free(folder)
    recogniser = _read_model(model)
    facts = _describe(recogniser, model)
    libraries = web_runtime.load_runtime(runtime, report)
    names = {web_runtime.SCRIPT.name: SCRIPT_NAME}
    contents = {names.get(name, name): content for name, content in libraries.items()}
    contents["model.onnx"] = recogniser
    facts["download_bytes"] = len(recogniser) + web_runtime.WASM.size_bytes
    contents["model.json"] = to_json(facts).encode()
    sources = files("thumbnet.export") / "web"
    for name in (*PAGE_FILES, "index.html"):
        contents[name] = (sources / name).read_bytes()
    with new_folder(folder, last="index.html") as temporary:
        for name, content in contents.items():
            (temporary / name).write_bytes(content)


def _check_free(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputError(
            "the folder for the web page is not empty",
            got=folder,
            expected="a new or an empty folder",
            fix="name another one, or delete it first",
        )
    if folder.exists() and not folder.is_dir():
        raise OutputError("the folder for the web page is a file", got=folder, expected="a folder")


def _read_model(model: Path) -> bytes:
    try:
        return model.read_bytes()
    except OSError as error:
        raise ModelError(
            f"the recogniser cannot be read ({error.strerror or error})",
            got=model,
            expected="an ONNX file that 'thumbnet export' made",
        ) from error


def _describe(recogniser: bytes, model: Path) -> dict[str, Any]:
    """Return what the page says of the model, from its metadata."""
    wrong = ModelError(
        "this is no recogniser that Thumbnet exported",
        got=model,
        expected=f"an ONNX file with the input 'pixels', the outputs {', '.join(OUTPUTS)} and "
        "Thumbnet's metadata",
        fix="make one: thumbnet export <model folder>",
    )
    # Its errors are classes of a compiled module, of no common base but Exception.
    try:
        session = _open_session(recogniser)
        inputs = [node.name for node in session.get_inputs()]
        outputs = [node.name for node in session.get_outputs()]
        metadata = json.loads(session.get_modelmeta().custom_metadata_map["thumbnet"])
        class_names, channels = metadata["class_names"], metadata["input"]["channels"]
        version = str(metadata.get("thumbnet_version", ""))
    except Exception as error:
        raise wrong from error
    named = isinstance(class_names, list) and all(isinstance(name, str) for name in class_names)
    if inputs != ["pixels"] or outputs != OUTPUTS or not named or channels not in (1, 3):
        raise wrong
    return {"class_names": class_names, "channels": channels, "thumbnet_version": version}


def _open_session(recogniser: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Only its description is asked for, so no time goes into optimising the graph.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(recogniser, options, providers=["CPUExecutionProvider"])
