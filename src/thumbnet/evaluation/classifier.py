"""A trained network with its preprocessing: raw pixels in, predictions out (torch)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from thumbnet import transforms
from thumbnet.errors import ModelError
from thumbnet.evaluation.answering import Answering, Answers
from thumbnet.images import decode_image, image_to_pixels
from thumbnet.models.folder import ModelConfig, find_model_folder, load_model_folder
from thumbnet.prediction import Prediction

BATCH_SIZE = 1000
PREDICT_BATCH_SIZE = 64


@dataclass(frozen=True)
class Classifier:
    """A network in evaluation mode and the facts that its answers need.

    Attributes:
        network: float ``(N, C, H, W)`` → logits ``(N, K)``.
        config: classes, input form, normalisation, temperature, refusal threshold.
        device: where the network is.
    """

    network: nn.Module
    config: ModelConfig
    device: torch.device

    @classmethod
    def load(cls, path: Path | str, device: torch.device | str = "cpu") -> Classifier:
        """Load a model folder, or the model of a run folder.

        Raises:
            ModelError: there is none, or its files are not what was saved.
        """
        network, config = load_model_folder(find_model_folder(Path(path)))
        return cls(network.to(device), config, torch.device(device))

    def logits(self, images: Tensor) -> Tensor:
        """Return float32 logits ``(N, K)`` on the CPU for uint8 ``images`` ``(N, C, H, W)``.

        Raises:
            ModelError: the images are not of the model's channels and size.
        """
        expected = self.config.input.shape
        if images.dtype != torch.uint8 or tuple(images.shape[1:]) != expected:
            raise ModelError(
                "the images do not fit the model",
                got=f"{images.dtype} {tuple(images.shape)}",
                expected=f"torch.uint8 (N, {expected[0]}, {expected[1]}, {expected[2]})",
            )
        logits = predict_logits(self.network, images, self.config, self.device)
        return logits[:, : len(self.config.class_names)]

    @torch.no_grad()
    def predict(self, images: Any) -> list[Prediction]:
        """Classify pictures of any size, as the exported recogniser does.

        Args:
            images: one picture, or a sequence of them. A picture is a path, a ``PIL.Image``, or a
                uint8 array or tensor ``(H, W)``, ``(H, W, C)`` or ``(C, H, W)`` with C = 1 or 3;
                an array ``(N, C, H, W)`` is a batch. A model with MNIST's frame takes glyphs of
                either polarity; another one wants pictures like those that it was trained on.

        Returns:
            One prediction for each picture, in order.

        Raises:
            ImageError: a file cannot be decoded.
            ModelError: a value is not a picture.
        """
        answering = Answering(self.network, self.config)
        predictions: list[Prediction] = []
        pictures = map(_to_pixels, _as_pictures(images))
        # Neighbours of one shape together; few, because finding ink takes a megabyte a picture.
        for _, alike in itertools.groupby(pictures, key=np.shape):
            while batch := list(itertools.islice(alike, PREDICT_BATCH_SIZE)):
                answers = answering(torch.from_numpy(np.stack(batch)).to(self.device))
                predictions += _predictions(answers, self.config.class_names)
        return predictions


def _predictions(answers: Answers, names: tuple[str, ...]) -> Iterator[Prediction]:
    for label, probability, row, refused, score, seen in zip(
        *(values.cpu() for values in answers), strict=True
    ):
        yield Prediction(
            label=names[int(label)],
            probability=float(probability),
            probabilities=dict(zip(names, row.tolist(), strict=True)),
            refused=bool(refused),
            score=float(score),
            seen=seen.numpy(),
        )


@torch.no_grad()
def predict_logits(
    network: nn.Module, images: Tensor, config: ModelConfig, device: torch.device
) -> Tensor:
    """Run ``network`` in evaluation mode over all views of uint8 ``images``.

    Returns float32 logits on the CPU, the views' weighted mean.

    Always in float32 and in batches of one fixed size, so that a figure does not depend on the
    precision or the batch size that training used. The network's own mode is restored.
    """
    was_training = network.training
    network.eval()
    spec = config.input
    results = []
    for chunk in torch.split(images, BATCH_SIZE):
        prepared = transforms.normalise(chunk.to(device), spec.scale, spec.mean, spec.std)
        total = torch.zeros(len(chunk), config.num_outputs, device=device)
        for view, weight in transforms.views(prepared, config.views.mirror, config.views.shift_px):
            view = view.contiguous(memory_format=torch.channels_last)
            total += weight * network(view).float()
        results.append(total.cpu())
    network.train(was_training)
    return torch.cat(results) if results else torch.empty(0, config.num_outputs)


def _as_pictures(images: Any) -> Iterable[Any]:
    if isinstance(images, (np.ndarray, Tensor)):
        return images if images.ndim == 4 else [images]
    is_many = isinstance(images, Sequence) and not isinstance(images, (str, bytes))
    return images if is_many else [images]


def _to_pixels(picture: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    if isinstance(picture, (str, Path, bytes)):
        return decode_image(Path(picture) if isinstance(picture, str) else picture)
    if hasattr(picture, "convert"):
        return image_to_pixels(picture)
    pixels = picture.cpu().numpy() if isinstance(picture, Tensor) else np.asarray(picture)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    elif pixels.ndim == 3 and pixels.shape[2] not in (1, 3) and pixels.shape[0] in (1, 3):
        pixels = pixels.transpose(1, 2, 0)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
        raise ModelError(
            "this is not a picture",
            got=f"{pixels.dtype} {pixels.shape}",
            expected="uint8 (H, W), (H, W, C) or (C, H, W) with C = 1 or 3, a PIL image or a path",
        )
    return pixels
