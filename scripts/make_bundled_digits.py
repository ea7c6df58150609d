"""Train the recipe ``digits`` and put its exported file into the package.

Usage::

    python scripts/make_bundled_digits.py            # train, export, bundle
    python scripts/make_bundled_digits.py --run RUN  # bundle a run that was trained before

Beside the file goes the model folder ``digits/`` with the weights that ``thumbnet personalise``
trains on: in the file batch norm is folded into the convolutions. The run's receipt goes to
``benchmarks/results/digits.json``; the card and the certificate are in the file's own metadata:
``thumbnet verify digits`` shows them.
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
from thumbnet.inference.locate import bundled_model, bundled_weights
from thumbnet.models.folder import CARD, WEIGHTS, load_model_folder, save_model_folder

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
        num_bytes = exported.num_bytes + (run / "model" / WEIGHTS).stat().st_size
        if num_bytes > MAX_BYTES:
            print(f"too large for the package: {num_bytes:,} bytes", file=sys.stderr)
            return 1
        bundled_model().parent.mkdir(exist_ok=True)
        shutil.copyfile(exported.path, bundled_model())
        bundle_weights(run / "model")
        write_atomically(RECEIPT, (run / "receipt.json").read_bytes())
    print(f"{bundled_model()} and {bundled_weights()}: {num_bytes:,} bytes")
    return 0


def bundle_weights(folder: Path) -> None:
    """Copy a model folder, without its exported file, to where ``personalise`` looks for it."""
    network, config = load_model_folder(folder)
    shutil.rmtree(bundled_weights(), ignore_errors=True)
    bundled_weights().mkdir(parents=True)
    card = (folder / CARD).read_text(encoding="utf-8")
    save_model_folder(bundled_weights(), network.state_dict(), config, card)


if __name__ == "__main__":
    sys.exit(main())
