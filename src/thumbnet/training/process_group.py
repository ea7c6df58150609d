"""Several processes that train one model: launched by torchrun, data-parallel.

torchrun tells each process its place through the environment (``RANK``, ``WORLD_SIZE``,
``LOCAL_RANK``). DistributedDataParallel (Li et al. 2020, 2006.15704) averages the gradients, over
gloo on CPU and nccl on CUDA. Every global batch is the same whatever the number of processes; each
takes its share of it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import torch
import torch.distributed as dist
from torch import Tensor, nn

from thumbnet.training.rendezvous import attempt_store


@dataclass(frozen=True)
class ProcessGroup:
    """This process's place among those that train together; alone by default.

    Attributes:
        rank: 0 for the one that writes and speaks.
        world_size: how many there are.
        device: where tensors must be for the transport.
    """

    rank: int = 0
    world_size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0

    def share(self, start: int, stop: int) -> tuple[int, int]:
        """Return this process's part of ``[start, stop)``; parts differ by one at most."""
        size = stop - start
        return (
            start + size * self.rank // self.world_size,
            start + size * (self.rank + 1) // self.world_size,
        )

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum of ``values`` over all processes, where ``values`` is."""
        if self.world_size == 1:
            return values
        total = values.to(self.device, copy=True)
        dist.all_reduce(total)
        return total.to(values.device)

    def largest(self, values: list[int]) -> list[int]:
        """Return the largest of each value over all processes, which ask at the same step."""
        if self.world_size == 1:
            return values
        tensor = torch.tensor(values, device=self.device)
        dist.all_reduce(tensor, dist.ReduceOp.MAX)
        return tensor.tolist()

    def broadcast(self, tensors: Iterable[Tensor]) -> None:
        """Give every process rank 0's values of ``tensors``, in place."""
        if self.world_size > 1:
            for tensor in tensors:
                dist.broadcast(tensor, src=0)

    def broadcast_text(self, text: str) -> str:
        """Return rank 0's ``text``."""
        if self.world_size == 1:
            return text
        holder = [text]
        dist.broadcast_object_list(holder, src=0)
        return holder[0]

    def wait(self) -> None:
        """Wait until every process is here."""
        if self.world_size > 1:
            dist.barrier()

    def wrap(self, model: nn.Module, device: torch.device) -> nn.Module:
        """Return ``model`` so that its backward pass averages the gradients."""
        if self.world_size == 1:
            return model
        devices = [device] if device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(model, device_ids=devices)


ALONE = ProcessGroup()


def is_launched() -> bool:
    """Return whether torchrun started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def is_main_process() -> bool:
    """Return whether this process is the one that prints, also outside ``joined``."""
    return not is_launched() or os.environ.get("RANK", "0") == "0"


def num_restarts() -> int:
    """Return how often torchrun has restarted its processes after one failed."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) if is_launched() else 0


def local_device(device: torch.device) -> torch.device:
    """Return this process's own accelerator where ``device`` names a kind of which it has many."""
    if device.type == "cuda" and device.index is None and is_launched():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return device


@contextlib.contextmanager
def joined(device: torch.device) -> Iterator[ProcessGroup]:
    """Join the processes that torchrun launched with this one; alone where it did not.

    Args:
        device: decides the transport: nccl for CUDA, else gloo.
    """
    if not is_launched() or int(os.environ["WORLD_SIZE"]) == 1:
        yield ALONE
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    # Under torchrun's own store the rank and the world size are not read from the environment.
    dist.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        store=attempt_store(),
        rank=int(os.environ["RANK"]),
        world_size=int(os.environ["WORLD_SIZE"]),
    )
    try:
        yield ProcessGroup(dist.get_rank(), dist.get_world_size(), device)
    finally:
        dist.destroy_process_group()
