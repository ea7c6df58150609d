"""A recogniser as a static page: draw, and the answer appears; nothing is sent anywhere.

The folder holds all that the page needs and refers to nothing outside, so that any static host, or
none but the own machine, serves it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from thumbnet.errors import OutputError
from thumbnet.export import web_runtime
from thumbnet.files import new_folder, to_json
from thumbnet.inference.model_file import read_model_file

PAGE_FILES = (
    "README.txt",
    "app.js",
    "bars.js",
    "board.js",
    "icon.png",
    "language.js",
    "memory.js",
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
        ModelError: ``model`` is no recogniser of ours, see ``read_model_file``.
        DownloadError: the runtime cannot be had, or is not the pinned one.
    """
    _check_free(folder)
    recogniser = read_model_file(model)
    libraries = web_runtime.load_runtime(runtime, report)
    names = {web_runtime.SCRIPT.name: SCRIPT_NAME}
    contents = {names.get(name, name): content for name, content in libraries.items()}
    contents["model.onnx"] = recogniser.content
    facts = {
        "class_names": list(recogniser.class_names),
        "channels": recogniser.channels,
        "thumbnet_version": recogniser.metadata["thumbnet_version"],
        "download_bytes": len(recogniser.content) + web_runtime.WASM.size_bytes,
    }
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
