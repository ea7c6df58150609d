"""What can be wrong with the pixels of a data set: nothing in them, or the wrong polarity."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from thumbnet.datasets.image_set import ImageSet
from thumbnet.frame.ink_search import fit_to_canvas, ink_is_dark
from thumbnet.inspection.doctor.findings import Finding

EVEN = 8
"""A picture whose largest and smallest grey value differ by at most this shows nothing."""
NUM_SHOWN = 20
NUM_FOR_POLARITY = 1000
MINORITY = 0.1
_CHUNK = 256
_LUMA = (0.299, 0.587, 0.114)


def pixel_findings(
    name: str, train: ImageSet, test: ImageSet, name_of: Callable[[int], str]
) -> Iterator[Finding]:
    """Look for even pictures, and in sets of digits for dark ink on light paper."""
    images = torch.cat([train.images, test.images])
    flat = images.flatten(1)
    even = (flat.amax(1).int() - flat.amin(1).int() <= EVEN).nonzero().flatten().tolist()
    if even:
        shown = [name_of(index) for index in even[:NUM_SHOWN]]
        yield Finding("constant-pictures", name, details={"number": len(even), "pictures": shown})
    if set(train.class_names) <= set("0123456789"):
        yield from _polarity(name, train)


def _polarity(name: str, train: ImageSet) -> Iterator[Finding]:
    # Evenly over the set, which is in the order of its classes.
    chosen = torch.linspace(0, len(train) - 1, min(len(train), NUM_FOR_POLARITY)).long()
    share = float(dark_ink(train.images[chosen]).double().mean())
    if share > 1 - MINORITY:
        yield Finding("polarity", name, form="data", details={"share": f"{share:.0%}"})
    elif share > MINORITY:
        yield Finding("polarity", name, form="data-mixed", details={"share": f"{share:.0%}"})


def dark_ink(images: Tensor) -> Tensor:
    """Return bool ``(N,)``: which of uint8 ``(N, C, H, W)`` have ink that is darker than paper."""
    found = []
    for chunk in torch.split(images, _CHUNK):
        grey = chunk.float()
        if chunk.shape[1] == 3:
            grey = (grey * torch.tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)
        _, canvas, inside = fit_to_canvas(grey[:, 0])
        found.append(ink_is_dark(canvas, inside))
    return torch.cat(found) if found else torch.empty(0, dtype=torch.bool)
