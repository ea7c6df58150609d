"""Where on a picture most of the evidence lies, as far as a map says it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

# A quarter is named if it holds more than half of the evidence, a half if it holds more than two
# thirds: twice, and a third more than, what they would hold if the evidence were spread evenly.
_QUARTER_SHARE, _HALF_SHARE = 1 / 2, 2 / 3

Box = tuple[int, int, int, int]
"""Top, left, bottom, right; the latter two not included."""

QUARTERS = ("upper-left", "upper-right", "lower-left", "lower-right", "middle")
HALVES = ("upper-half", "lower-half", "left-half", "right-half")


@dataclass(frozen=True)
class EvidencePlace:
    """The part of a box that holds most of what a map has above 0.

    Attributes:
        part: one of ``QUARTERS`` or ``HALVES``; ``"spread"`` where none of them holds enough, and
            ``"none"`` where nothing is above 0.
        share: of the evidence in the box, in [0, 1], that lies in ``part``; 1 for ``"spread"``, 0
            for ``"none"``.
    """

    part: str
    share: float

    @property
    def is_named(self) -> bool:
        """Whether there is such a part."""
        return self.part not in ("spread", "none")


def locate_evidence(evidence: Tensor, box: Box | None = None) -> EvidencePlace:
    """Return the part that holds most of the positive values of a map.

    Args:
        evidence: float ``(H, W)``.
        box: what to divide into parts and look at, e.g. where the ink is; by default everything.
    """
    top, left, bottom, right = box or (0, 0, *evidence.shape)
    positive = evidence[top:bottom, left:right].detach().cpu().double().clamp(min=0)
    total = float(positive.sum())
    if total == 0:
        return EvidencePlace("none", 0.0)
    shares = {
        part: float((positive * rows[:, None] * columns[None]).sum()) / total
        for part, (rows, columns) in _parts(*positive.shape).items()
    }
    for parts, least in ((QUARTERS, _QUARTER_SHARE), (HALVES, _HALF_SHARE)):
        part = max(parts, key=lambda name: shares[name])
        if shares[part] > least:
            return EvidencePlace(part, shares[part])
    return EvidencePlace("spread", 1.0)


def _parts(height: int, width: int) -> dict[str, tuple[Tensor, Tensor]]:
    """Return how much of each row and each column belongs to each part: a pixel may be cut."""
    upper, left = (_covered(length, 0.0, 0.5) for length in (height, width))
    lower, right = 1 - upper, 1 - left
    all_rows, all_columns = torch.ones_like(upper), torch.ones_like(left)
    return {
        "upper-left": (upper, left),
        "upper-right": (upper, right),
        "lower-left": (lower, left),
        "lower-right": (lower, right),
        "middle": (_covered(height, 0.25, 0.75), _covered(width, 0.25, 0.75)),
        "upper-half": (upper, all_columns),
        "lower-half": (lower, all_columns),
        "left-half": (all_rows, left),
        "right-half": (all_rows, right),
    }


def _covered(length: int, start: float, stop: float) -> Tensor:
    """Return the share of each of ``length`` pixels that lies between two fractions of the side."""
    edges = torch.arange(length, dtype=torch.float64)
    return (stop * length - edges).clamp(0, 1) - (start * length - edges).clamp(0, 1)


def ink_box(seen: Tensor, least: float = 32) -> Box | None:
    """Return the box around what is at least as bright as ``least``; None where nothing is.

    Args:
        seen: ``(H, W)`` in [0, 255], ink white.
        least: an eighth of the range, so that the soft edge of a stroke does not count.
    """
    rows, columns = torch.nonzero(seen >= least, as_tuple=True)
    if len(rows) == 0:
        return None
    ends = int(rows.max()) + 1, int(columns.max()) + 1
    return int(rows.min()), int(columns.min()), *ends
