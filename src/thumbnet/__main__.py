"""Entry point of ``thumbnet`` and of ``python -m thumbnet``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from thumbnet.errors import MissingExtraError, ThumbnetError

TRAIN_LIBRARIES = frozenset(
    (
        "filelock",
        "jinja2",
        "matplotlib",
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
    except BrokenPipeError:
        # The reader of a pipe (head, less) has seen enough: let exit flush nothing.
        sys.stdout = None
        return 0
    except (ThumbnetError, ModuleNotFoundError) as error:
        shown = _explain_missing(error) if isinstance(error, ModuleNotFoundError) else error
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


def _explain_missing(error: ModuleNotFoundError) -> ThumbnetError | None:
    library = (error.name or "").partition(".")[0]
    if library not in TRAIN_LIBRARIES:
        return None
    return MissingExtraError(
        f"this needs the library '{library}', which is not installed",
        fix="pip install 'thumbnet[train]'",
    )


if __name__ == "__main__":
    sys.exit(main())
