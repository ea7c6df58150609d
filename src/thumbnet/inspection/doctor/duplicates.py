"""Pictures that a set holds more than once: the same pixels, or nearly the same."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

NEAR = 0.12
"""Two pictures are nearly the same if their difference has at most this share of the contrast of
the paler one. Of MNIST's test images none has so near a neighbour among the training images."""
FAINT = 3.0
"""Pictures whose grey values deviate less from their mean are too even to be compared."""

_CELLS = 7
_CHUNK = 2048


@dataclass(frozen=True)
class Pairs:
    """Pairs of pictures that are alike.

    Attributes:
        same: int64 ``(P, 2)``: indices of pictures with the same pixels, the lower first. Of a
            group of many alike, each is paired with the first.
        near: int64 ``(Q, 2)``: likewise of pictures that are nearly but not quite the same.
    """

    same: Tensor
    near: Tensor


def find_duplicates(images: Tensor) -> Pairs:
    """Find pictures that are the same, or nearly the same.

    Near means: the root mean square of the difference is at most ``NEAR`` times the smaller of both
    standard deviations. No near pair is overlooked: pairs are left out by the distance between
    their means over 7×7 cells, which is never larger than the true one.

    Args:
        images: uint8 ``(N, C, H, W)``.
    """
    if len(images) < 2:
        nothing = torch.empty(0, 2, dtype=torch.int64)
        return Pairs(nothing, nothing)
    same = _same_pixels(images)
    repeated = set(same[:, 1].tolist())
    first = torch.tensor([i for i in range(len(images)) if i not in repeated], dtype=torch.int64)
    near = _near(images[first].flatten(1), _cell_means(images[first]))
    return Pairs(same, first[near])


def _same_pixels(images: Tensor) -> Tensor:
    seen: dict[bytes, int] = {}
    pairs = []
    for index, picture in enumerate(images.contiguous().flatten(1).numpy()):
        earlier = seen.setdefault(picture.tobytes(), index)
        if earlier != index:
            pairs.append((earlier, index))
    return torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)


def _cell_means(images: Tensor) -> Tensor:
    """Return float32 ``(N, C · 49)`` such that distances are at most those between the pictures.

    A mean over a cell is a projection; times the root of the cell's size it keeps lengths.
    """
    height, width = images.shape[2:]
    side = (-(-height // _CELLS), -(-width // _CELLS))
    padding = (0, side[1] * _CELLS - width, 0, side[0] * _CELLS - height)
    means = [
        functional.avg_pool2d(functional.pad(chunk.float(), padding), side)
        for chunk in torch.split(images, _CHUNK)
    ]
    return torch.cat(means).flatten(1) * math.sqrt(side[0] * side[1])


def _near(pixels: Tensor, cells: Tensor) -> Tensor:
    """Return int64 ``(Q, 2)`` of ``pixels`` uint8 ``(N, D)`` that are nearly the same."""
    deviations = torch.cat(
        [chunk.float().std(1, correction=0) for chunk in torch.split(pixels, _CHUNK)]
    )
    limits = NEAR * deviations * math.sqrt(pixels.shape[1])
    # The sums of squares of brighter pictures are larger, so neighbours in this order are compared
    # in blocks, and blocks that are too far apart in length not at all.
    order = cells.norm(dim=1).argsort()
    lengths, ordered, limit = cells.norm(dim=1)[order], cells[order], limits[order]
    found = []
    for start in range(0, len(order), _CHUNK):
        block = slice(start, start + _CHUNK)
        reach = float(lengths[block][-1]) + float(limit[block].max())
        stop = int(torch.searchsorted(lengths, reach, right=True))
        for other in range(start, stop, _CHUNK):
            across = slice(other, min(other + _CHUNK, stop))
            distances = torch.cdist(ordered[block], ordered[across])
            allowed = torch.minimum(limit[block][:, None], limit[across][None])
            rows, columns = (distances <= allowed).nonzero(as_tuple=True)
            keep = rows + start < columns + other
            found.append(torch.stack([rows[keep] + start, columns[keep] + other], 1))
    candidates = order[torch.cat(found)] if found else torch.empty(0, 2, dtype=torch.int64)
    return _truly_near(pixels, deviations, limits, candidates)


def _truly_near(pixels: Tensor, deviations: Tensor, limits: Tensor, candidates: Tensor) -> Tensor:
    kept = []
    for pairs in torch.split(candidates, _CHUNK):
        first, second = pairs.T
        distance = (pixels[first].float() - pixels[second].float()).norm(dim=1)
        is_clear = torch.minimum(deviations[first], deviations[second]) >= FAINT
        near = (distance <= torch.minimum(limits[first], limits[second])) & is_clear
        kept.append(pairs[near])
    pairs = torch.cat(kept) if kept else candidates
    return pairs.sort(dim=1).values
