"""Train the published design of cifar10-airbench as one would in plain PyTorch: the yardstick.

Usage::

    python benchmarks/cifar10_reference.py --data folder:cifar10.zip --seed 1 --out runs/reference

Network, optimiser, schedule, augmentation and views are those of ``airbench94_muon`` (Jordan 2024,
2404.00498; 94.01 % over 200 runs on a GPU) as the recipe ``cifar10-reference`` states them. The
loop is the usual one: every epoch's images are changed all at once, in float32, bf16 comes from
autocast, and nothing else is tuned to a CPU. ``record.py cifar10-reference`` calls it; the receipt
that it leaves has the form of a run's.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

import thumbnet
from thumbnet import models, transforms
from thumbnet.evaluation.classifier import predict_logits
from thumbnet.files import to_json
from thumbnet.training.batches import alternating_flips
from thumbnet.training.optimisers import make_optimizer
from thumbnet.training.receipt import describe_environment, now
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import load_recipe
from thumbnet.training.setup import make_config

CPU = torch.device("cpu")
NUM_WHITENING_IMAGES, STEM_BIAS_EPOCHS = 5000, 3


def build(recipe: Recipe, images: thumbnet.ImageSet, normalised: Tensor) -> nn.Sequential:
    """Return the network at its beginning, the stem whitened."""
    model = models.build_model(
        recipe.model.name, images.shape, images.num_classes, **recipe.model.arguments
    )
    assert isinstance(model, nn.Sequential)
    model[0].initialise_from(normalised[:NUM_WHITENING_IMAGES])
    return model.to(memory_format=torch.channels_last)


def train(recipe: Recipe, images: thumbnet.ImageSet) -> tuple[nn.Module, float, int]:
    """Train; return the model, the seconds with all preparation, and the images trained on."""
    start = time.perf_counter()
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    config = make_config(recipe, images).input
    normalised = transforms.normalise(images.images, config.scale, config.mean, config.std)
    model = build(recipe, images, normalised)
    optimizer = make_optimizer(recipe.optimizer, model.parameters(), bf16=True)
    for group in optimizer.param_groups:
        group["peak"] = group["lr"]
    num_batches = len(images) // recipe.batch_size
    num_steps, step = recipe.epochs * num_batches, 0
    model.train()
    for epoch in range(recipe.epochs):
        model[0].bias.requires_grad_(epoch < STEM_BIAS_EPOCHS)
        shown = transforms.flip(normalised, alternating_flips(len(images), recipe.seed, epoch))
        shown = transforms.random_crop(shown, recipe.augmentation.crop_padding_px, generator)
        order = torch.randperm(len(images), generator=generator)
        for chosen in order[: num_batches * recipe.batch_size].split(recipe.batch_size):
            inputs = shown[chosen].contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(inputs)
            loss = functional.cross_entropy(
                logits.float(), images.labels[chosen], label_smoothing=recipe.loss.label_smoothing
            )
            loss.backward()
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * (1 - step / num_steps)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            step += 1
        print(f"epoch {epoch + 1}: loss {loss.item():.4f}", file=sys.stderr, flush=True)
    return model, time.perf_counter() - start, num_steps * recipe.batch_size


def make_receipt(recipe: Recipe) -> dict[str, Any]:
    """Train and test once; return what a run's receipt holds and ``record.py`` reads."""
    section = recipe.input
    sets = {
        split: thumbnet.load_dataset(
            recipe.data.name, split, channels=section.channels, size_px=section.size_px
        )
        for split in ("train", "test")
    }
    model, train_s, num_images = train(recipe, sets["train"])
    start = time.perf_counter()
    config = make_config(recipe, sets["train"])
    logits = predict_logits(model, sets["test"].images, config, CPU)
    accuracy = float((logits.argmax(1) == sets["test"].labels).double().mean())
    hashes = {f"{split}_hash": images.content_hash for split, images in sets.items()}
    return {
        "finished": now(),
        "recipe": recipe.model_dump(mode="json"),
        "data": {"name": recipe.data.name, "num_train": len(sets["train"]), **hashes},
        "parameters": models.count_parameters(model),
        "precision": "bf16 autocast",
        "times": {
            "train_s": round(train_s, 3),
            "validation_s": 0.0,
            "test_s": round(time.perf_counter() - start, 3),
        },
        "results": {
            "epochs": recipe.epochs,
            "num_images_trained": num_images,
            "test": {"accuracy": accuracy},
        },
        **describe_environment(CPU),
    }


def main() -> None:
    """Train one seed, leave its receipt, print where."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", nargs="?", default="cifar10-reference")
    parser.add_argument("--data", default="cifar10", help="a catalogue name, or folder:PATH")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="a new folder for the receipt")
    parser.add_argument("--json", action="store_true", help="print one line of JSON at the end")
    arguments = parser.parse_args()
    recipe = load_recipe(arguments.name, {"seed": arguments.seed, "data.name": arguments.data})
    arguments.out.mkdir(parents=True)
    receipt = make_receipt(recipe)
    (arguments.out / "receipt.json").write_text(to_json(receipt), encoding="utf-8")
    accuracy = receipt["results"]["test"]["accuracy"]
    print(json.dumps({"run": str(arguments.out), "test_accuracy": accuracy}))


if __name__ == "__main__":
    main()
