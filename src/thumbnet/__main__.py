"""Entry point of ``thumbnet`` and of ``python -m thumbnet``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from thumbnet.errors import MissingExtraError, ThumbnetError

TRAIN_LIBRARIES = frozenset(
    (
        "captum",
        "filelock",
        "jinja2",
        "matplotlib",
        "optuna",
        "pydantic",
        "safetensors",
        "tomli_w",
        "torch",
        "torchvision",
    )
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, or 2 with one message on stderr.

    Ctrl-C and SIGTERM give 130 and 143. ``--debug``, anywhere, shows tracebacks.

    Args:
        arguments: without the program's name; by default those of the process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    try:
        return _run([word for word in words if word != "--debug"])
    except KeyboardInterrupt:
        return 130
    except (ThumbnetError, ModuleNotFoundError, OSError) as error:
        shown = _explain(error)
        if debug or shown is None:
            raise
        print(f"error: {shown}", file=sys.stderr)
        return shown.exit_code


def _run(words: list[str]) -> int:
    from thumbnet.cli.app import app

    try:
        app(words, prog_name="thumbnet")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _explain(error: ThumbnetError | ModuleNotFoundError | OSError) -> ThumbnetError | None:
    if isinstance(error, ThumbnetError):
        return error
    if isinstance(error, OSError):
        # A path that cannot even be looked at: no permission on the way to it, a name too long.
        what = error.strerror or str(error)
        return ThumbnetError(f"the system refused: {what}", got=error.filename)
    library = (error.name or "").partition(".")[0]
    if library not in TRAIN_LIBRARIES:
        return None
    return MissingExtraError(
        f"this needs the library '{library}', which is not installed",
        fix="pip install 'thumbnet[train]'",
    )


if __name__ == "__main__":
    sys.exit(main())
