"""Training of the network for rows, by connectionist temporal classification."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from composed_rows import RowComposer
from made_rows import Strip
from strip_augmentation import augment
from thumbnet.models.row_network import NUM_OUTPUTS, RowNetwork
from thumbnet.reading.row_recogniser import RowAnswer
from thumbnet.reading.strips import STRIP_PX
from thumbnet.training.ema import WeightAverage

Row = tuple[np.ndarray, str]


@dataclass(frozen=True)
class Settings:
    """How the network for rows is trained."""

    steps: int = 12_000
    batch_size: int = 48
    learning_rate: float = 3e-3
    warm_up: float = 0.1
    weight_decay: float = 0.02
    largest_gradient: float = 1.0
    mean_decay: float = 0.998
    joined: float = 0.25
    longest_joined_px: int = 400
    pool_batches: int = 24
    seed: int = 0


def train_rows(
    strips: Sequence[Strip],
    composer: RowComposer,
    held_out: Sequence[Strip],
    settings: Settings,
    bf16: bool,
) -> tuple[RowNetwork, list[dict[str, Any]]]:
    """Train a network; half of every batch is found in photos, half composed.

    Args:
        strips: found in made photos.
        composer: writes the other half.
        held_out: to measure on.
        settings: how.
        bf16: whether to convolve in bfloat16.

    Returns:
        The network with the running mean of its weights, and what was measured on the way.
    """
    torch.manual_seed(settings.seed)
    generator = torch.Generator().manual_seed(settings.seed + 1)
    rng = np.random.default_rng(settings.seed + 2)
    network = RowNetwork().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(
        network.parameters(),
        settings.learning_rate,
        (0.9, 0.98),
        weight_decay=settings.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, settings.steps, pct_start=settings.warm_up
    )
    average = WeightAverage(network, settings.mean_decay)
    mean = RowNetwork()
    log: list[dict[str, Any]] = []
    start, total = time.perf_counter(), 0.0
    batches = make_batches(strips, composer, settings, rng)
    for step in range(1, settings.steps + 1):
        pixels, widths, texts = padded(next(batches))
        inputs, widths = augment(pixels, widths, generator)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = network(inputs.contiguous(memory_format=torch.channels_last))
        loss = ctc_loss(logits.float(), widths, texts)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), settings.largest_gradient)
        optimizer.step()
        schedule.step()
        average.update(network)
        total += loss.item()
        if step % 500 == 0 or step == settings.steps:
            mean.load_state_dict(average.mean)
            log.append(
                {
                    "step": step,
                    "loss": round(total / ((step - 1) % 500 + 1), 4),
                    "held_out_rows_right": round(share_right(mean, held_out), 4),
                    "time_s": round(time.perf_counter() - start),
                }
            )
            print(log[-1], flush=True)
            total = 0.0
    return mean.eval(), log


def make_batches(
    strips: Sequence[Strip], composer: RowComposer, settings: Settings, rng: np.random.Generator
) -> Iterator[list[Row]]:
    """Yield batches without end, each of rows of about one width."""
    size = settings.batch_size
    while True:
        half = settings.pool_batches * size // 2
        rows: list[Row] = [composer.compose() for _ in range(half)]
        rows += [_photo_row(strips, settings, rng) for _ in range(half)]
        rows.sort(key=lambda row: row[0].shape[2])
        batches = [rows[start : start + size] for start in range(0, len(rows), size)]
        for index in rng.permutation(len(batches)):
            yield batches[index]


def _photo_row(strips: Sequence[Strip], settings: Settings, rng: np.random.Generator) -> Row:
    """Return a row that was found in a photo; now and then two, side by side."""
    strip, text, _ = strips[int(rng.integers(len(strips)))]
    if rng.random() < settings.joined:
        other, more, _ = strips[int(rng.integers(len(strips)))]
        if strip.shape[2] + other.shape[2] < settings.longest_joined_px:
            return np.concatenate([strip, other], 2), text + more
    return strip, text


def padded(rows: Sequence[Row], multiple: int = 16) -> tuple[Tensor, Tensor, list[str]]:
    """Return rows as one uint8 ``(N, 2, 32, W)``, their widths ``(N,)`` and their texts."""
    widths = [strip.shape[2] for strip, _ in rows]
    widest = -(-max(widths) // multiple) * multiple
    pixels = np.zeros((len(rows), 2, STRIP_PX, widest), np.uint8)
    for place, (strip, _) in enumerate(rows):
        pixels[place, :, :, : widths[place]] = strip
    return torch.from_numpy(pixels), torch.tensor(widths), [text for _, text in rows]


def ctc_loss(logits: Tensor, widths: Tensor, texts: Sequence[str]) -> Tensor:
    """Return the mean loss for each digit (Graves et al. 2006): a scalar.

    Args:
        logits: ``(N, 11, T)``.
        widths: of the strips, of which two columns make one place.
        texts: what the rows say.
    """
    places = logits.log_softmax(1).permute(2, 0, 1)
    lengths = torch.tensor([len(text) for text in texts])
    losses = functional.ctc_loss(
        places,
        torch.tensor([int(digit) for text in texts for digit in text], dtype=torch.long),
        ((widths + 1) // 2).clamp(max=len(places)),
        lengths,
        blank=NUM_OUTPUTS - 1,
        reduction="none",
        zero_infinity=True,
    )
    return (losses / lengths.clamp(min=1)).mean()


@torch.no_grad()
def share_right(network: RowNetwork, strips: Sequence[Strip], batch_size: int = 64) -> float:
    """Return which share of rows is read without a mistake."""
    network.eval()
    ordered = sorted(strips, key=lambda strip: strip[0].shape[2])
    right = 0
    for start in range(0, len(ordered), batch_size):
        rows = [(strip, text) for strip, text, _ in ordered[start : start + batch_size]]
        pixels, widths, texts = padded(rows)
        answers = network(pixels.float() / 255).log_softmax(1).transpose(1, 2).numpy()
        for answer, width, text in zip(answers, widths.tolist(), texts, strict=True):
            right += RowAnswer(answer[: (width + 1) // 2]).text == text
    return right / len(ordered)
