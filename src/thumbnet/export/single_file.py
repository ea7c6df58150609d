"""A trained model as one ONNX file that takes raw pixels, exported only with proof of parity."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from thumbnet import files
from thumbnet.datasets.loading import load_dataset
from thumbnet.errors import ModelError
from thumbnet.evaluation.answering import Answering
from thumbnet.export.colours import accept_any
from thumbnet.export.int8 import Quantisation, quantise
from thumbnet.export.parity import Certificate, certify
from thumbnet.inference.locate import MODEL_FILE
from thumbnet.inference.model_file import OUTPUT_NAMES, read_model_file, seal
from thumbnet.models.folder import (
    CARD,
    WEIGHTS,
    add_to_manifest,
    find_model_folder,
    load_model_folder,
)
from thumbnet.training.receipt import now, read_receipt
from thumbnet.training.recipe_file import load_recipe
from thumbnet.training.run_files import RECEIPT, RECIPE
from thumbnet.training.setup import load_run_data
from thumbnet.version import __version__

OPSET = 20
NUM_SAMPLE = 100
CERTIFICATE_HEADING = "\n## Certificate\n\n"


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes:
        path: where it is.
        num_bytes: its size.
        sha256: as its seal says.
        certificate: how its graph was compared with torch, before it was quantised if it was.
        quantisation: what int8 costs and brings, where it was asked for.
    """

    path: Path
    num_bytes: int
    sha256: str
    certificate: Certificate
    quantisation: Quantisation | None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "file": str(self.path),
            "bytes": self.num_bytes,
            "sha256": self.sha256,
            "certificate": self.certificate.to_dict(),
            "quantisation": self.quantisation.to_dict() if self.quantisation else None,
        }


def export_model(
    path: Path | str,
    out: Path | str | None = None,
    *,
    int8: bool = False,
    report: Callable[[str], None] | None = None,
) -> Exported:
    """Write a run's or a model folder's model as a single-file recogniser.

    Args:
        path: the folder.
        out: the file to write; by default ``model.onnx`` in the model folder, whose card then has
            the certificate, and whose manifest names the file.
        int8: quantise the network, if that costs at most 0.1 points and is faster on this machine.
        report: told of each stage.

    Raises:
        ModelError: there is no whole model, or the file's answers are not torch's.
        OutputError: it cannot be written.
    """
    folder = find_model_folder(Path(path))
    network, config = load_model_folder(folder)
    module = Answering(network.eval(), config).eval()
    tell = report or (lambda _: None)
    tell("translating the graph")
    model = to_onnx(module)
    tell("comparing with torch")
    certificate = certify(model.SerializeToString(), module)
    facts = _metadata(folder, module, certificate)
    quantisation = None
    if int8:
        tell("quantising")
        smaller, quantisation = quantise(model, *held_out_images(folder, module))
        facts["quantisation"] = quantisation.to_dict()
        model = smaller if quantisation.accepted else model
    onnx.helper.set_model_props(model, {"thumbnet": json.dumps(facts, ensure_ascii=False)})
    content = seal(model.SerializeToString())
    checked = read_model_file(content)
    target = Path(out) if out is not None else folder / MODEL_FILE
    files.write_atomically(target, content)
    if target == folder / MODEL_FILE:
        files.write_atomically(folder / CARD, facts["card"])
        add_to_manifest(folder, MODEL_FILE, CARD)
    return Exported(target, len(content), checked.sha256, certificate, quantisation)


def check_parity(file: Path, folder: Path) -> Certificate:
    """Compare an exported file with the weights of a model folder on a sample of made pictures.

    Raises:
        ModelError: their answers differ, see ``certify``.
    """
    network, config = load_model_folder(folder)
    module = Answering(network.eval(), config).eval()
    return certify(file.read_bytes(), module, num_random=NUM_SAMPLE, with_test=False)


def held_out_images(folder: Path, module: Answering) -> tuple[np.ndarray, np.ndarray]:
    """Return images that a model's run held out, uint8 ``(N, H, W, C)``, and their labels.

    Where the run is not at hand or held nothing out: the last training images.

    Raises:
        DataError: the data set is not at hand.
        ModelError: the model does not say what it was trained on.
    """
    config = module.config
    recipe_file = folder.parent / RECIPE
    images = None
    if recipe_file.is_file():
        images = load_run_data(load_recipe(recipe_file)).validation
    if images is None:
        name = config.trained_on.get("data")
        if name is None:
            raise ModelError("the model does not say what it was trained on", got=folder)
        spec = config.input
        train = load_dataset(name, "train", channels=spec.channels, size_px=spec.size_px)
        images = train.subset(torch.arange(max(0, len(train) - 5000), len(train)))
    pixels = images.images.permute(0, 2, 3, 1).contiguous().numpy()
    return pixels, images.labels.numpy()


def to_onnx(module: Answering) -> onnx.ModelProto:
    """Return the graph of an ``Answering`` module, every axis of its input dynamic.

    Traced from what its frame takes, grey or three colours, because a traced axis may be of any
    size but 1; ``colours.accept_any`` puts the choice of one or three colours before it.
    """
    is_grey = module.config.input.channels == 1
    example = torch.zeros((2, 40, 50) if is_grey else (2, 40, 50, 3), dtype=torch.uint8)
    with _quietly():
        program = torch.onnx.export(
            _Plain(module),
            (example,),
            dynamo=True,
            dynamic_shapes={"pixels": dict.fromkeys(range(3), torch.export.Dim.DYNAMIC)},
            input_names=["pixels"],
            output_names=list(OUTPUT_NAMES),
            opset_version=OPSET,
        )
    assert program is not None
    model = program.model_proto
    accept_any(model, is_grey=is_grey)
    _drop_unused(model.graph, _names_used(model.graph))
    forget_origin(model)
    return model


def forget_origin(model: onnx.ModelProto) -> None:
    """Remove what torch's exporter notes of every node: where our code lies, and torch's.

    That is no business of whoever gets the file. The graph computes the same.
    """
    for each in (*_all_nodes(model.graph), *model.graph.initializer, *model.graph.value_info):
        each.ClearField("doc_string")
        del each.metadata_props[:]
    del model.graph.metadata_props[:]


class _Plain(nn.Module):
    """The answers as a plain tuple, which the exporter names in order."""

    def __init__(self, module: Answering) -> None:
        super().__init__()
        self.module = module

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.module.answers(pixels))


def _names_used(graph: onnx.GraphProto) -> set[str]:
    """Return the names that nodes of a graph and of its branches take, and what they give out."""
    used = {value.name for value in graph.output}
    for node in graph.node:
        used.update(node.input)
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                used |= _names_used(attribute.g)
    return used


def _drop_unused(graph: onnx.GraphProto, used: set[str]) -> None:
    """Remove constants that the exporter's optimiser left behind; runtimes warn of them."""
    kept = [value for value in graph.initializer if value.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _drop_unused(attribute.g, used)


def _all_nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _all_nodes(attribute.g)


def _metadata(folder: Path, module: Answering, certificate: Certificate) -> dict[str, Any]:
    config = module.config
    receipt_file = folder.parent / RECEIPT
    recipe = read_receipt(receipt_file)["recipe"] if receipt_file.is_file() else None
    card = (folder / CARD).read_text(encoding="utf-8") if (folder / CARD).is_file() else ""
    card = card.partition(CERTIFICATE_HEADING)[0]
    return {
        "format": 1,
        "thumbnet_version": __version__,
        "class_names": list(config.class_names),
        "input": {
            "channels": config.input.channels,
            "size_px": config.input.size_px,
            "frame": config.input.frame,
        },
        "temperature": config.temperature,
        "refusal_threshold": config.refusal_threshold,
        "recipe": recipe,
        "trained_on": config.trained_on,
        "model_sha256": files.sha256(folder / WEIGHTS),
        "opset": OPSET,
        "certificate": certificate.to_dict(),
        "card": f"{card}{CERTIFICATE_HEADING}{certificate.in_words()}\n",
        "made": now(),
    }


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep the exporter's progress and advice from a person who asked for a file."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
