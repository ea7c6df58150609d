"""The arithmetic that is shown: what stands before each = is computed anew."""

from __future__ import annotations

import math
import re

import pytest
import torch
from odd_networks import ODD, PICTURE, Fourier, UNet
from torch import nn

from thumbnet.errors import ModelError
from thumbnet.inspection.arithmetic import explain_layer
from thumbnet.inspection.inspect_model import inspect_model
from thumbnet.models import build_model

WRITTEN = str.maketrans({"·": "*", "−": "-", "⌈": "(", ",": None})


def compute(text: str) -> float:
    """Evaluate an expression as it is shown; brackets for rounding surround a single division."""
    text = re.sub(r"⌊(.+?)⌋", r"math.floor(\1)", text)
    text = re.sub(r"⌈(.+?)⌉", r"math.ceil(\1)", text)
    value = eval(text.translate(WRITTEN), {"math": math})
    assert isinstance(value, (int, float))
    return value


def equations(lines: dict[str, str]) -> list[tuple[str, str, str]]:
    found = []
    for label, text in lines.items():
        match = re.fullmatch(r"([^a-z=]+) = (−?[\d,.]+)(?:[ :,].*)?", text)
        if match is not None:
            found.append((label, match[1], match[2]))
    return found


NETWORKS = {
    **ODD,
    "tutorial-cnn": (lambda: build_model("tutorial-cnn", PICTURE, 10), PICTURE),
    "resnet": (lambda: build_model("resnet", (3, 32, 32), 10, depth=8), (3, 32, 32)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_equation_holds_and_gives_the_tables_number(name: str) -> None:
    build, shape = NETWORKS[name]
    torch.manual_seed(0)
    inspection = inspect_model(build(), shape)
    num_equations = 0
    for layer in inspection.layers:
        lines = explain_layer(inspection, layer.name)
        for label, expression, result in equations(lines):
            expected = float(result.replace(",", "").replace("−", "-"))
            assert compute(expression) == pytest.approx(expected), (layer.name, label, expression)
            num_equations += 1
        names = {1: ["length"], 2: ["height", "width"], 3: ["depth", "height", "width"]}
        if layer.windows is not None:
            lengths = layer.output_shape[-len(layer.windows) :]
            for axis, length in zip(names[len(lengths)], lengths, strict=True):
                assert re.search(rf"= {length}(:|$)", lines[axis])
        used = sum(math.prod(each) for each in layer.parameter_shapes.values())
        assert f"{used:,}" in lines["parameters"]
        assert f"{layer.multiply_adds:,}" in lines["multiply-adds"]
        assert f"{layer.memory_bytes:,} bytes" in lines["memory"]
    assert num_equations > len(inspection.layers)


def test_first_convolution_of_the_classic_network() -> None:
    inspection = inspect_model(build_model("tutorial-cnn", PICTURE, 10), PICTURE)
    assert explain_layer(inspection, "0") == {
        "shape": "1×28×28 → 32×28×28",
        "height": "(28 + 2·2 − 5)/1 + 1 = 28",
        "width": "(28 + 2·2 − 5)/1 + 1 = 28",
        "parameters": "32·(1·5·5 + 1) = 832",
        "multiply-adds": "32·28·28·(1·5·5) = 627,200",
        "receptive field": "1 + (5 − 1)·1 = 5",
        "jump": "1·1 = 1",
        "centre": "0 + ((5 − 1)/2 − 2)·1 = 0",
        "the middle sees": "rows 12 to 16, columns 12 to 16",
        "memory": "32·28·28·4 = 100,352 bytes",
    }


def test_first_linear_layer_says_where_its_inputs_come_from() -> None:
    inspection = inspect_model(build_model("tutorial-cnn", PICTURE, 10), PICTURE)
    lines = explain_layer(inspection, "5")
    assert lines["inputs"] == "32·14·14 = 6,272"
    assert lines["parameters"] == "70·(6,272 + 1) = 439,110"
    assert lines["multiply-adds"] == "70·6,272 = 439,040"
    assert lines["receptive field"] == "28, the whole picture"


@pytest.mark.parametrize(
    ("layer", "length", "written"),
    [
        (nn.Conv2d(1, 1, 3, 2), 28, "⌊(28 − 3)/2⌋ + 1 = 13"),
        (nn.Conv2d(1, 1, 3, dilation=2), 28, "(28 − (2·(3 − 1) + 1))/1 + 1 = 24"),
        (nn.Conv2d(1, 1, 4, padding="same"), 28, "(28 + 1 + 2 − 4)/1 + 1 = 28"),
        (nn.MaxPool2d(3, 2, ceil_mode=True), 28, "⌈(28 − 3)/2⌉ + 1 = 14"),
        (
            nn.MaxPool2d(2, 3, padding=1, ceil_mode=True),
            8,
            "⌈(8 + 2·1 − 2)/3⌉ + 1 − 1 = 3: the last one would begin in the padding",
        ),
        (
            nn.ConvTranspose2d(1, 1, 3, 2, padding=1, output_padding=1),
            14,
            "(14 − 1)·2 − 2·1 + 3 + 1 = 28",
        ),
        (nn.ConvTranspose2d(1, 1, 3, dilation=2), 9, "(9 − 1)·1 + 2·(3 − 1) + 1 = 13"),
    ],
)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_forms_of_the_length(layer: nn.Module, length: int, written: str) -> None:
    inspection = inspect_model(nn.Sequential(layer), (1, length, length))
    lines = explain_layer(inspection, "0")
    assert (lines["height"], lines["width"]) == (written, written)


def test_axes_that_differ_are_written_apart() -> None:
    inspection = inspect_model(nn.Sequential(nn.Conv2d(1, 1, (3, 5), (1, 2))), (1, 9, 9))
    lines = explain_layer(inspection, "0")
    assert lines["receptive field, height"] == "1 + (3 − 1)·1 = 3"
    assert lines["receptive field, width"] == "1 + (5 − 1)·1 = 5"
    assert (lines["jump, height"], lines["jump, width"]) == ("1·1 = 1", "1·2 = 2")


def test_what_is_joined_sees_the_union() -> None:
    inspection = inspect_model(UNet(), PICTURE)
    assert explain_layer(inspection, "cat")["receptive field"] == "the union of 3 and 8 = 8"
    assert explain_layer(inspection, "relu")["receptive field"] == "3, as before it"
    assert "differs from place to place" in explain_layer(inspection, "up")["receptive field"]


def test_second_call_says_that_its_parameters_were_counted() -> None:
    build, shape = ODD["called twice"]
    lines = explain_layer(inspect_model(build(), shape), "conv:2")
    expected = "1·(1·3·3 + 1) = 10, of which 10 were counted at an earlier layer"
    assert lines["parameters"] == expected


def test_what_is_not_known_is_not_computed() -> None:
    inspection = inspect_model(nn.Sequential(nn.Conv2d(1, 2, 3), Fourier()), (1, 9, 9))
    lines = explain_layer(inspection, "1")
    assert lines["multiply-adds"].startswith("?")
    assert lines["receptive field"].startswith("?")


def test_unknown_layer_names_the_nearest() -> None:
    inspection = inspect_model(UNet(), PICTURE)
    with pytest.raises(ModelError, match=r"did you mean 'first'"):
        explain_layer(inspection, "frist")
