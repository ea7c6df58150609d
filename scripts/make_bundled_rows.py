"""Train the network that reads whole rows, and put its file into the package.

Usage::

    python scripts/make_bundled_rows.py                        # make rows, train, bundle
    python scripts/make_bundled_rows.py --strips rows.npz      # keep, or use, the rows from photos

The rows are found by the reader itself in made photos of all kinds, written with MNIST's training
digits, and as many are composed of single digits: MNIST's, made in usual and in rarer forms, and
redrawn. What was measured on the way goes to ``benchmarks/results/rows.json``.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from composed_rows import RowComposer
from made_rows import Strip, load_strips, make_strips, save_strips
from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.made_digits import make_rarer_digits
from thumbnet.datasets.mnist import load_mnist
from thumbnet.export.single_file import forget_origin
from thumbnet.files import to_json, write_atomically
from thumbnet.inference.locate import bundled_model
from thumbnet.inference.model_file import seal
from thumbnet.models.row_network import RowNetwork
from thumbnet.training.made import framed_digits, with_made_pictures
from thumbnet.training.precision import use_bf16
from thumbnet.training.receipt import describe_environment, now
from thumbnet.training.recipe import MadeSection
from train_rows import Settings, train_rows

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results" / "rows.json"
SEEDS = (81, 83)
"""How many seeds each of two processes makes all kinds of scenes of."""

MADE = MadeSection(digits=0.25, redrawn=0.35, negatives=0.15)
NUM_RARER = 8000
MADE_SEED, COMPOSER_SEED = 77, 1
NUM_HELD_OUT, MOST_DIGITS = 1000, 14


class _FromPixels(nn.Module):
    """The network with what the file does beside it: bytes in, logarithms of probabilities out."""

    def __init__(self, network: RowNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, strips: Tensor) -> Tensor:
        """Return float32 ``(N, T, 11)`` for uint8 ``(N, 2, 32, W)``."""
        logits: Tensor = self.network(strips.float() / 255)
        return logits.log_softmax(1).transpose(1, 2)


def export_rows(network: RowNetwork, path: Path) -> None:
    """Write the single file that ``RowRecogniser`` reads."""
    shape = {0: torch.export.Dim("rows"), 3: torch.export.Dim("width", min=16, max=1024)}
    program = torch.onnx.export(
        _FromPixels(network).eval(),
        (torch.zeros(2, 2, 32, 64, dtype=torch.uint8),),
        input_names=["strips"],
        output_names=["log_probabilities"],
        dynamic_shapes={"strips": shape},
        dynamo=True,
    )
    assert program is not None
    model = program.model_proto
    forget_origin(model)
    write_atomically(path, seal(model.SerializeToString()))


def main() -> None:
    """Make the rows, train on them, and bundle what comes out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strips", type=Path, help="a file for the rows that photos gave")
    parser.add_argument("--steps", type=int, default=Settings.steps)
    parser.add_argument("--out", type=Path, default=bundled_model("rows"))
    options = parser.parse_args()
    mnist = load_mnist("train")
    strips = _strips(options.strips, mnist.images[:, 0].numpy(), mnist.labels.numpy())
    strips = [strip for strip in strips if len(strip[1]) <= MOST_DIGITS]
    order = np.random.default_rng(0).permutation(len(strips))
    held_out, fitted = order[:NUM_HELD_OUT], order[NUM_HELD_OUT:]
    composer = RowComposer(*_glyphs(mnist), np.random.default_rng(COMPOSER_SEED))
    device = torch.device("cpu")
    settings = Settings(steps=options.steps)
    network, log = train_rows(
        [strips[index] for index in fitted],
        composer,
        [strips[index] for index in held_out],
        settings,
        use_bf16("auto", device),
    )
    export_rows(network, options.out)
    if options.out != bundled_model("rows"):
        return
    result = {
        "measured": now(),
        "settings": dataclasses.asdict(settings),
        "rows_from_photos": len(fitted),
        "held_out": len(held_out),
        "parameters": sum(weights.numel() for weights in network.parameters()),
        "bytes": options.out.stat().st_size,
        "log": log,
    }
    write_atomically(RESULTS, to_json({**result, **describe_environment(device)}))


def _glyphs(mnist: ImageSet) -> tuple[np.ndarray, np.ndarray]:
    """Return what rows are composed of, uint8 ``(N, 28, 28)``, and what each is."""
    made = with_made_pictures(mnist, MADE, MADE_SEED)
    rarer, labels = framed_digits(NUM_RARER, MADE_SEED, make_rarer_digits)
    glyphs = torch.cat([made.images, rarer])[:, 0]
    return glyphs.numpy(), torch.cat([made.labels, labels]).numpy()


def _strips(file: Path | None, digits: np.ndarray, labels: np.ndarray) -> list[Strip]:
    if file is not None and file.is_file():
        return load_strips(file)
    strips = make_strips(SEEDS, digits, labels)
    if file is not None:
        save_strips(file, strips)
    return strips


if __name__ == "__main__":
    sys.exit(main())
