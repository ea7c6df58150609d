from __future__ import annotations

import warnings

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from twins import outputs

from thumbnet.errors import ModelError
from thumbnet.models import build_model, count_parameters

MNIST, CIFAR = (1, 28, 28), (3, 32, 32)


class TutorialTwin(nn.Module):
    """The tutorial's residual network, written out."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 20, 5)
        self.wide1, self.narrow1 = nn.Conv2d(20, 30, 5, padding=2), nn.Conv2d(30, 20, 3, padding=1)
        self.conv2 = nn.Conv2d(20, 15, 3)
        self.wide2, self.narrow2 = nn.Conv2d(15, 30, 5, padding=2), nn.Conv2d(30, 15, 3, padding=1)
        self.last = nn.Linear(375, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(functional.max_pool2d(self.conv1(x), 2))
        x = functional.relu(x + self.narrow1(self.wide1(x)))
        x = functional.relu(functional.max_pool2d(self.conv2(x), 2))
        x = functional.relu(x + self.narrow2(self.wide2(x)))
        logits: Tensor = self.last(x.reshape(len(x), 375))
        return logits


class BlockTwin(nn.Module):
    """A basic block, written out; ``project`` says whether the shortcut has weights."""

    def __init__(self, before: int, after: int, stride: int, project: bool, bias: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=bias)
        self.norm1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=bias)
        self.norm2 = nn.BatchNorm2d(after)
        if project:
            self.conv3 = nn.Conv2d(before, after, 1, stride, bias=bias)
            self.norm3 = nn.BatchNorm2d(after)
        self.project = project

    def forward(self, x: Tensor) -> Tensor:
        residual = functional.relu(self.norm1(self.conv1(x)))
        residual = self.norm2(self.conv2(residual))
        shortcut = self.norm3(self.conv3(x)) if self.project else x
        return functional.relu(residual + shortcut)


class PooledLinear(nn.Linear):
    """A linear layer of the mean over height and width."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.adaptive_avg_pool2d(x, 1).flatten(1))


def test_tutorial_resnet_equals_its_twin() -> None:
    model = build_model("tutorial-resnet", MNIST, 10)
    ours, theirs = outputs(model, TutorialTwin(), MNIST)
    torch.testing.assert_close(ours, theirs)
    first = (25 * 20 + 20) + (20 * 25 * 30 + 30) + (30 * 9 * 20 + 20)
    second = (20 * 9 * 15 + 15) + (15 * 25 * 30 + 30) + (30 * 9 * 15 + 15)
    assert count_parameters(model) == first + second + (375 * 10 + 10) == 42_790


def test_tutorial_resnet18_equals_its_twin() -> None:
    model = build_model("tutorial-resnet18-cifar10", CIFAR, 10)
    stem = [nn.Conv2d(3, 64, 3, stride=3), nn.BatchNorm2d(64), nn.ReLU()]
    sizes = [(64, 64), (64, 128), (128, 256), (256, 512)]
    blocks = [BlockTwin(*size, stride=2, project=True, bias=True) for size in sizes]
    ours, theirs = outputs(model, nn.Sequential(*stem, *blocks, PooledLinear(512, 10)), CIFAR)
    torch.testing.assert_close(ours, theirs)
    by_hand = (3 * 9 * 64 + 64) + 2 * 64
    for before, after in sizes:
        # Two 3×3 and one 1×1 convolution, each with bias and norm.
        by_hand += (before * 9 + 1) * after + (after * 9 + 1) * after + (before + 1) * after
        by_hand += 3 * 2 * after
    assert count_parameters(model) == by_hand + 513 * 10 == 4_910_410


def test_resnet_of_depth_14_equals_its_twin() -> None:
    model = build_model("resnet", CIFAR, 10, depth=14, width=8)
    layers = [nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()]
    plan = [(8, 8, 1), (8, 8, 1), (8, 16, 2), (16, 16, 1), (16, 32, 2), (32, 32, 1)]
    for before, after, stride in plan:
        layers.append(BlockTwin(before, after, stride, project=before != after, bias=False))
    ours, theirs = outputs(model, nn.Sequential(*layers, PooledLinear(32, 10)), CIFAR)
    torch.testing.assert_close(ours, theirs)


def test_without_shortcuts_it_is_a_plain_stack_of_convolutions() -> None:
    model = build_model("resnet", CIFAR, 10, depth=14, width=8, shortcuts=False)
    layers: list[nn.Module] = []
    plan = [(3, 8, 1), *[(8, 8, 1)] * 4, (8, 16, 2), *[(16, 16, 1)] * 3, (16, 32, 2)]
    for before, after, stride in [*plan, *[(32, 32, 1)] * 3]:
        layers.append(nn.Conv2d(before, after, 3, stride, padding=1, bias=False))
        layers += [nn.BatchNorm2d(after), nn.ReLU()]
    ours, theirs = outputs(model, nn.Sequential(*layers, PooledLinear(32, 10)), CIFAR)
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("depth", [8, 14, 20, 32, 44, 56, 110])
def test_resnet_has_the_published_number_of_weighted_layers(depth: int) -> None:
    with torch.device("meta"):
        layers = list(build_model("resnet", CIFAR, 10, depth=depth).modules())
    # He et al. count what is on the path through the residuals: no 1×1 shortcuts.
    convolutions = [
        layer for layer in layers if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3)
    ]
    assert len(convolutions) + sum(isinstance(layer, nn.Linear) for layer in layers) == depth


@pytest.mark.parametrize(("depth", "millions"), [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85)])
def test_resnet_has_the_published_number_of_parameters(depth: int, millions: float) -> None:
    with torch.device("meta"):
        count = count_parameters(build_model("resnet", CIFAR, 10, depth=depth))
    # He et al., table 6; ours projects two shortcuts: 16·32 + 32·64 weights and their norms more.
    assert round((count - 16 * 32 - 32 * 64 - 2 * 96) / 1e6, 2) == millions


@pytest.mark.parametrize("depth", [2, 7, 9, 18, 21, -4])
def test_depth_that_is_not_of_the_design_is_refused(depth: int) -> None:
    with pytest.raises(ModelError, match=rf"'depth' does not fit the design\n  got: {depth}\n.*6n"):
        build_model("resnet", MNIST, 10, depth=depth)


def test_width_and_stem_out_of_range_are_refused() -> None:
    with pytest.raises(ModelError, match="'width' must be positive whole numbers\n  got: 0"):
        build_model("resnet", MNIST, 10, width=0)
    with pytest.raises(ModelError, match="no stem 'big'\n  expected: one of: small, stride-2, ima"):
        build_model("resnet", MNIST, 10, stem="big")


@pytest.mark.parametrize(("stem", "size_px"), [("small", 28), ("stride-2", 14), ("imagenet", 7)])
def test_stem_shrinks_by_its_name(stem: str, size_px: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = build_model("resnet", MNIST, 10, depth=8, stem=stem).eval()
    blocks = [layer for layer in model.children() if hasattr(layer, "residual")]
    seen: list[tuple[int, ...]] = []
    blocks[0].register_forward_hook(lambda _, __, output: seen.append(tuple(output.shape)))
    model(torch.rand(2, *MNIST))
    assert seen == [(2, 16, size_px, size_px)]


def test_imagenet_stem_warns_below_96_px_and_only_there() -> None:
    message = r"shrinks a 28-px picture to 7 px .* made for 224 px: use stem = 'small'"
    with pytest.warns(UserWarning, match=message):
        build_model("resnet", MNIST, 10, depth=8, stem="imagenet")
    with pytest.warns(UserWarning, match="shrinks a 95-px picture to 24 px"):
        build_model("resnet", (3, 200, 95), 10, depth=8, stem="imagenet")
    build_model("resnet", (3, 96, 96), 10, depth=8, stem="imagenet")


@pytest.mark.parametrize("size_px", [4, 11])
def test_picture_too_small_for_the_tutorial_is_refused(size_px: int) -> None:
    with pytest.raises(ModelError, match="too small for this model"):
        build_model("tutorial-resnet", (1, size_px, size_px), 10)


def test_picture_smaller_than_the_stride_3_stem_is_refused() -> None:
    with pytest.raises(ModelError, match="too small for this model"):
        build_model("tutorial-resnet18-cifar10", (3, 2, 2), 10)
