"""Train the recipe ``digits`` and put its exported file into the package.

Usage::

    python scripts/make_bundled_digits.py            # train, export, bundle
    python scripts/make_bundled_digits.py --run RUN  # bundle a run that was trained before

The run's receipt goes to ``benchmarks/results/digits.json``; the card and the certificate are in
the file's own metadata: ``thumbnet verify digits`` shows them.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import thumbnet
from thumbnet.export.single_file import export_model
from thumbnet.files import write_atomically
from thumbnet.inference.locate import bundled_model

RECEIPT = Path(__file__).parents[1] / "benchmarks" / "results" / "digits.json"
MAX_BYTES = 4_000_000


def main() -> int:
    """Bundle a run and say where."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, help="a finished run of the recipe digits")
    run = parser.parse_args().run
    with tempfile.TemporaryDirectory() as folder:
        if run is None:
            run = thumbnet.train("digits", out=Path(folder) / "digits").folder
        exported = export_model(run, Path(folder) / "digits.onnx", report=print)
        if exported.num_bytes > MAX_BYTES:
            print(f"too large for the package: {exported.num_bytes:,} bytes", file=sys.stderr)
            return 1
        bundled_model().parent.mkdir(exist_ok=True)
        shutil.copyfile(exported.path, bundled_model())
        write_atomically(RECEIPT, (run / "receipt.json").read_bytes())
    print(f"{bundled_model()}: {exported.num_bytes:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
