"""Every random choice of training derives from ``(seed, stream, epoch, step)``.

So a resumed run needs no hidden generator state to be exact, and one choice (say, augmentation)
can be changed without moving the others.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Literal

import torch

Stream = Literal["initialisation", "shuffle", "augmentation", "dropout", "selection", "ink", "made"]


def derive_seed(seed: int, stream: Stream, epoch: int = 0, step: int = 0, rank: int = 0) -> int:
    """Return a 63-bit seed for one purpose at one place; distinct places give unrelated seeds.

    The first 8 bytes of BLAKE2b (RFC 7693) over the stream's name and the numbers; ``rank`` counts
    where processes that train together must differ, and rank 0 draws as a process alone does.
    """
    message = stream.encode() + struct.pack("<QQQ", seed, epoch, step)
    if rank:
        message += struct.pack("<Q", rank)
    digest = hashlib.blake2b(message, digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def make_generator(
    seed: int, stream: Stream, epoch: int = 0, step: int = 0, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Return a generator on ``device``, seeded by ``derive_seed``."""
    return torch.Generator(device).manual_seed(derive_seed(seed, stream, epoch, step))


def seed_device(device: torch.device, seed: int) -> None:
    """Seed the generator that dropout draws from on ``device``.

    ``torch.manual_seed`` would also queue a call, with a formatted stack, for every accelerator
    that has not started: a hundred microseconds and a growing list at every step.
    """
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)
