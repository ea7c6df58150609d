"""The diagram: whole, readable, and with every layer in it once."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
import torch
from odd_networks import ODD, PICTURE, UNet
from torch import nn

from thumbnet.inspection.diagram import draw_network
from thumbnet.inspection.diagram_layout import Layout, lay_out
from thumbnet.inspection.inspect_model import inspect_model
from thumbnet.models import build_model, model_names

SVG = "{http://www.w3.org/2000/svg}"
Box = tuple[float, float, float, float]
Build = Callable[[], nn.Module]
NETWORKS: dict[str, tuple[Build, tuple[int, ...]]] = {
    **ODD,
    **{name: (lambda name=name: build_model(name, PICTURE, 10), PICTURE) for name in model_names()},
}


def parse(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # our own text, not a stranger's


def boxes_of(root: ElementTree.Element) -> list[Box]:
    """Return left, top, right and bottom of each box."""
    found = []
    for each in root.iter(f"{SVG}rect"):
        if each.get("class") == "box":
            x, y, width, height = (float(each.get(k, "")) for k in ("x", "y", "width", "height"))
            found.append((x, y, x + width, y + height))
    return found


def segments_of(path: str) -> list[Box]:
    """Return the straight pieces of a path of M, H and V as left, top, right and bottom."""
    x = y = 0.0
    pieces = []
    for command, text in re.findall(r"([MHV])([\d. ]+)", path):
        numbers = [float(number) for number in text.split()]
        before = x, y
        if command == "M":
            x, y = numbers
            continue
        x, y = (numbers[0], y) if command == "H" else (x, numbers[0])
        pieces.append((min(before[0], x), min(before[1], y), max(before[0], x), max(before[1], y)))
    return pieces


def overlap(first: Box, second: Box) -> bool:
    """Return whether the insides meet; touching an edge does not count."""
    return (
        first[0] < second[2]
        and second[0] < first[2]
        and first[1] < second[3]
        and second[1] < first[3]
    )


def layout_of(build: Build, shape: tuple[int, ...]) -> Layout:
    return lay_out(inspect_model(build(), shape))


@pytest.mark.parametrize("name", NETWORKS)
def test_no_line_crosses_a_box_and_no_box_another(name: str) -> None:
    build, shape = NETWORKS[name]
    root = parse(draw_network(inspect_model(build(), shape), name))
    boxes = boxes_of(root)
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    assert all(x > 0 and right < width and bottom < height for x, _, right, bottom in boxes)
    assert not any(overlap(a, b) for i, a in enumerate(boxes) for b in boxes[:i])
    lines = [each for each in root.iter(f"{SVG}path") if each.get("class") == "line"]
    pieces = [piece for line in lines for piece in segments_of(line.get("d", ""))]
    assert len(lines) >= len(boxes) - 1
    assert not any(overlap(piece, box) for piece in pieces for box in boxes)
    assert all(right <= width for _, _, right, _ in pieces)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_is_in_one_box_or_in_a_repeat(name: str) -> None:
    build, shape = NETWORKS[name]
    inspection = inspect_model(build(), shape)
    layout = lay_out(inspection)
    times = [1] * len(layout.boxes)
    for repeat in layout.repeats:
        for place in range(repeat.first, repeat.first + repeat.length):
            times[place] = repeat.count
    drawn = sum(len(box.layers) * count for box, count in zip(layout.boxes, times, strict=True))
    assert drawn == len(inspection.layers)
    parameters = sum(
        layer.num_parameters * count
        for box, count in zip(layout.boxes, times, strict=True)
        for layer in box.layers
    )
    unused = sum(inspection.unused_parameters.values())
    assert parameters == inspection.num_parameters - unused


def test_blocks_of_a_deep_network_are_folded() -> None:
    layout = layout_of(lambda: build_model("resnet", (3, 32, 32), 10, depth=56), (3, 32, 32))
    assert [(repeat.length, repeat.count) for repeat in layout.repeats] == [(3, 9), (3, 8), (3, 8)]
    assert [repeat.last_layer.name for repeat in layout.repeats] == [
        "11.activation",
        "20.activation",
        "29.activation",
    ]
    assert len(layout.boxes) == 1 + 1 + 3 + 4 + 3 + 4 + 3 + 2


def test_what_others_use_from_within_is_not_folded() -> None:
    class Dense(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Conv2d(2, 2, 3, padding=1) for _ in range(3))

        def forward(self, features: torch.Tensor) -> torch.Tensor:
            given = [features]
            for layer in self.layers:
                given.append(layer(given[-1]))
            return torch.cat(given[1:], 1)

    assert layout_of(Dense, (2, 9, 9)).repeats == []
    chain = nn.Sequential(*(nn.Conv2d(2, 2, 3, padding=1) for _ in range(3)))
    (repeat,) = layout_of(lambda: chain, (2, 9, 9)).repeats
    assert (repeat.first, repeat.length, repeat.count) == (1, 1, 3)


def test_norm_and_activation_stand_with_their_layer() -> None:
    layout = layout_of(lambda: build_model("tutorial-cnn", PICTURE, 10), PICTURE)
    kinds = [[layer.kind for layer in box.layers] for box in layout.boxes]
    assert kinds == [
        [],
        ["Conv2d", "BatchNorm2d", "ReLU"],
        ["MaxPool2d"],
        ["Flatten"],
        ["Linear", "Tanh"],
        ["Linear", "Tanh"],
        ["Linear"],
    ]


def test_the_shortcut_stands_beside_the_longer_branch() -> None:
    layout = layout_of(
        lambda: build_model("tutorial-resnet18-cifar10", (3, 32, 32), 10), (3, 32, 32)
    )
    places = {box.layers[0].name: (box.row, box.column) for box in layout.boxes if box.layers}
    assert places["3.residual.0"] == (2, 0)
    assert places["3.shortcut.0"] == (2, 1)
    assert places["3.residual.3"] == (3, 0)
    assert places["3.add"] == (4, 0)


def test_title_and_description_say_it_in_words() -> None:
    name = "<mine & yours>"
    root = parse(draw_network(inspect_model(UNet(), PICTURE), name))
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == f"The network {name}"
    words = description.text or ""
    assert "A picture of 1×28×28 goes through these layers." in words
    assert "first: Conv2d 3×3, relu, gives 4×28×28." in words
    assert "cat: cat of relu and up, gives 8×28×28." in words


def test_both_schemes_have_every_colour() -> None:
    text = draw_network(inspect_model(UNet(), PICTURE), "u-net")
    light, _, dark = text.partition("@media (prefers-color-scheme: dark)")
    names = re.findall(r"(--\w+): #", light)
    assert len(names) >= 9
    assert re.findall(r"(--\w+): #", dark) == names
    assert set(re.findall(r"var\((--\w+)\)", text)) <= set(names)


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_text_has_contrast_in_both_schemes() -> None:
    text = draw_network(inspect_model(UNet(), PICTURE), "u-net")
    for scheme in text.split("@media (prefers-color-scheme: dark)"):
        colours = dict(re.findall(r"(--\w+): (#\w{6})", scheme))
        for ink in ("--ink", "--muted"):
            for ground in ("--paper", "--box"):
                levels = sorted(luminance(colours[each]) for each in (ink, ground))
                assert (levels[1] + 0.05) / (levels[0] + 0.05) >= 4.5
        for family in ("--convolution", "--pooling", "--product", "--union"):
            levels = sorted(luminance(colours[each]) for each in (family, "--box"))
            assert (levels[1] + 0.05) / (levels[0] + 0.05) >= 3


def test_the_square_shows_what_the_middle_sees() -> None:
    inspection = inspect_model(nn.Sequential(nn.Conv2d(1, 1, (5, 3))), (1, 20, 10))
    root = parse(draw_network(inspection, "one"))
    outline, *_ = (each for each in root.iter(f"{SVG}rect") if each.get("class") == "picture")
    seen, *_ = (
        each for each in root.iter(f"{SVG}rect") if (each.get("class") or "").startswith("seen")
    )
    sizes = [float(each.get(k, "")) for each in (outline, seen) for k in ("height", "width")]
    assert sizes == [40, 20, 10, 6]


def test_equal_networks_give_equal_pictures() -> None:
    pictures = {draw_network(inspect_model(UNet(), PICTURE), "u-net") for _ in range(2)}
    assert len(pictures) == 1


def test_pictures_with_one_axis_have_no_square() -> None:
    inspection = inspect_model(nn.Sequential(nn.Conv1d(1, 2, 3)), (1, 9))
    root = parse(draw_network(inspection, "row"))
    assert [each for each in root.iter(f"{SVG}rect") if each.get("class") == "picture"] == []
