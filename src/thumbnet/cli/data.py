"""``thumbnet data list | info | show``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thumbnet.cli.output import note, print_json, print_table

if TYPE_CHECKING:
    from thumbnet.datasets.image_set import ImageSet

app = typer.Typer(help="List, describe and show data sets.", no_args_is_help=True)

_Name = Annotated[str, typer.Argument(help="A name of `data list`, or folder:PATH.")]
_Split = Annotated[str, typer.Option(help="train or test.")]
_Size = Annotated[int | None, typer.Option(help="For a folder: resize to this. Default: 32.")]
_Channels = Annotated[int | None, typer.Option(help="For a folder: 1 or 3. Default: 3.")]
_SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Pass over unreadable pictures.")]


@app.command("list")
def list_sets(
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the data sets that are known by name."""
    from thumbnet.datasets.catalog import CATALOG

    rows = [
        {
            "name": info.name,
            "title": info.title,
            "num_train": info.num_train,
            "num_test": info.num_test,
            "num_classes": len(info.class_names),
            "channels": info.channels,
            "size_px": info.size_px,
        }
        for info in CATALOG.values()
    ]
    if as_json:
        print_json(rows)
        return
    headers = ["name", "title", "train", "test", "classes", "channels", "px"]
    print_table(headers, [list(row.values()) for row in rows])


@app.command("info")
def info(
    name: _Name,
    split: _Split = "train",
    size_px: _Size = None,
    channels: _Channels = None,
    skip_bad: _SkipBad = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Describe a data set: shape, class counts, and mean and deviation per channel, computed."""
    images = _load(name, split, size_px, channels, skip_bad)
    means, deviations = images.pixel_statistics()
    if as_json:
        print_json(
            {
                "name": name,
                "split": split,
                "num_images": len(images),
                "shape": list(images.shape),
                "mean": list(means),
                "std": list(deviations),
                "classes": dict(zip(images.class_names, images.class_counts(), strict=True)),
                "content_hash": images.content_hash,
            }
        )
        return
    print(
        f"{images.name}: {len(images):,} images, {'×'.join(map(str, images.shape))} (C×H×W), uint8"
    )
    print(f"mean       {', '.join(f'{value:.8f}' for value in means)}  (of pixel / 255)")
    print(f"deviation  {', '.join(f'{value:.8f}' for value in deviations)}")
    print(f"hash       {images.content_hash}\n")
    counts = zip(images.class_names, images.class_counts(), strict=True)
    print_table(["class", "images"], [[label, count] for label, count in counts])


@app.command("show")
def show(
    name: _Name,
    split: _Split = "train",
    out: Annotated[Path | None, typer.Option(help="PNG file. Default: <name>-<split>.png.")] = None,
    per_class: Annotated[int, typer.Option(min=1, max=40, help="Pictures of each class.")] = 10,
    size_px: _Size = None,
    channels: _Channels = None,
    skip_bad: _SkipBad = False,
) -> None:
    """Draw a labelled grid of pictures, one row for each class."""
    import torch

    from thumbnet.evaluation.figures import draw_samples, save_figure

    images = _load(name, split, size_px, channels, skip_bad)
    rows = [
        (images.labels == label).nonzero().flatten()[:per_class]
        for label in range(images.num_classes)
    ]
    chosen = images.subset(torch.cat(rows))
    figure = draw_samples(chosen.images, chosen.labels, chosen.class_names, columns=per_class)
    stem = name.rstrip("/").rpartition("/")[2].replace(":", "-")
    path = out or Path(f"{stem}-{split}.png")
    save_figure(figure, path)
    print(path)


def _load(
    name: str, split: str, size_px: int | None, channels: int | None, skip_bad: bool
) -> ImageSet:
    from thumbnet.datasets.catalog import CATALOG
    from thumbnet.datasets.loading import load_dataset

    known = CATALOG.get(name)
    return load_dataset(
        name,
        split,
        channels=channels or (known.channels if known else 3),
        size_px=size_px or (known.size_px if known else 32),
        skip_bad=skip_bad,
        report=note,
    )
