"""Training on the hardest images only, as a small proxy sees them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from thumbnet import transforms
from thumbnet.datasets.image_set import ImageSet
from thumbnet.training.batches import Normalisation
from thumbnet.training.randomness import make_generator
from thumbnet.training.recipe import SelectionSection

_BATCH_SIZE = 256
_CHUNK = 2000


def select_images(
    images: ImageSet,
    section: SelectionSection,
    normalisation: Normalisation,
    seed: int,
    device: torch.device,
) -> Tensor:
    """Return the indices, int64 and ascending, of the images that ``section`` asks for.

    A perceptron with one hidden layer sees every image once, at half the resolution. The
    ``hardest`` fraction are those with the largest loss after that; ``others`` is a fraction of all
    images, drawn from the rest, so that the easy ones are not forgotten. Choosing by a cheap proxy
    follows Coleman et al. 2020 (1906.11829) and cifar10-airbench (Jordan 2024, 2404.00498).
    """
    features = torch.cat(
        [
            functional.avg_pool2d(
                transforms.normalise(
                    chunk.to(device), normalisation.scale, normalisation.mean, normalisation.std
                ),
                2,
            ).flatten(1)
            for chunk in torch.split(images.images, _CHUNK)
        ]
    )
    proxy = nn.Sequential(
        nn.Linear(features.shape[1], section.proxy_width),
        nn.ReLU(),
        nn.Linear(section.proxy_width, images.num_classes),
    ).to(device)
    losses = _train_proxy(proxy, features, images.labels.to(device), seed)
    num_images = len(images)
    order = losses.cpu().argsort(descending=True, stable=True)
    num_hardest = max(1, round(section.hardest * num_images))
    rest = order[num_hardest:]
    drawn = torch.randperm(len(rest), generator=make_generator(seed, "selection", 1))
    others = rest[drawn[: round(section.others * num_images)]]
    return torch.cat([order[:num_hardest], others]).sort().values


def _train_proxy(proxy: nn.Module, features: Tensor, labels: Tensor, seed: int) -> Tensor:
    """Train ``proxy`` for one epoch; return each image's loss after it, ``(N,)``."""
    optimizer = torch.optim.SGD(proxy.parameters(), 0.1, momentum=0.9, nesterov=True)
    order = torch.randperm(len(labels), generator=make_generator(seed, "selection", 0))
    batches = torch.split(order, _BATCH_SIZE)
    for index, batch in enumerate(batches):
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - index / len(batches))
        chosen = batch.to(labels.device)
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(proxy(features[chosen]), labels[chosen]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.no_grad():
        return functional.cross_entropy(proxy(features), labels, reduction="none")
