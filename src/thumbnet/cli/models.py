"""``thumbnet models``, ``thumbnet recipes`` and ``thumbnet devices``."""

from __future__ import annotations

from typing import Annotated

import typer

from thumbnet.cli.output import print_json, print_table


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the models: trainable parameters, and the recipes that train them."""
    from thumbnet.training.catalogue import list_models

    rows = list_models()
    if as_json:
        print_json(rows)
        return
    print_table(
        ["model", "parameters", "recipes"],
        [[row["name"], row["parameters"], ", ".join(row["recipes"])] for row in rows],
    )


def recipes(
    name: Annotated[
        str | None, typer.Argument(help="Print this recipe, complete, as TOML to start from.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the packaged recipes, or print one."""
    from thumbnet.training.recipe_file import load_recipe, packaged_recipes, recipe_to_toml

    if name is not None:
        recipe = load_recipe(name)
        if as_json:
            print_json(recipe.model_dump(mode="json"))
        else:
            print(recipe_to_toml(recipe), end="")
        return
    loaded = [load_recipe(known) for known in packaged_recipes()]
    if as_json:
        print_json([{"name": recipe.name, "description": recipe.description} for recipe in loaded])
        return
    print_table(["recipe", "what"], [[recipe.name, recipe.description] for recipe in loaded])


def devices(
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the devices of this machine, fastest first; the first is what auto takes."""
    import torch

    from thumbnet.training.device import available_devices, has_bf16_hardware
    from thumbnet.training.receipt import device_name, processor_name

    rows = []
    for name in available_devices():
        device = torch.device(name)
        title = processor_name() if name == "cpu" else device_name(device)
        rows.append({"name": name, "hardware": title, "bf16": has_bf16_hardware(device)})
    if as_json:
        print_json(rows)
        return
    print_table(
        ["device", "hardware", "bf16"],
        [[row["name"], row["hardware"], "yes" if row["bf16"] else "no"] for row in rows],
    )
