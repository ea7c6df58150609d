"""A network that reads a whole row of digits without cutting it."""

from __future__ import annotations

from torch import Tensor, nn

NUM_OUTPUTS = 11
"""The ten digits, and "none" as the last."""


class RowNetwork(nn.Module):
    """From a strip to what stands at each place across, for connectionist temporal classification.

    Convolutions alone, so that a row may be of any length: the height is halved until none is left,
    the width once (after Shi, Bai and Yao, "An End-to-End Trainable Neural Network for Image-based
    Sequence Recognition", 2015, without its recurrent layers).

    ``forward`` takes strips as float32 ``(N, 2, 32, W)`` in [0, 1] and returns logits
    ``(N, 11, ceil(W / 2))``.
    """

    def __init__(self, widths: tuple[int, int, int, int] = (32, 48, 80, 128), mix: int = 160):
        super().__init__()
        stem, first, second, third = widths
        self.features = nn.Sequential(
            *_convolution(2, stem, 5, stride=2),
            *_convolution(stem, first),
            *_convolution(first, first),
            nn.MaxPool2d((2, 1)),
            *_convolution(first, second),
            *_convolution(second, second),
            nn.MaxPool2d((2, 1)),
            *_convolution(second, third),
            nn.MaxPool2d((2, 1)),
        )
        self.join = nn.Sequential(*_convolution(third, mix, (2, 1), padding=0))
        self.context = nn.ModuleList(
            nn.Sequential(*_convolution(mix, mix, (1, 5), padding=(0, 2))) for _ in range(2)
        )
        self.head = nn.Conv2d(mix, NUM_OUTPUTS, 1)

    def forward(self, strips: Tensor) -> Tensor:
        """Return logits; see the class."""
        row = self.join(self.features(strips))
        for layer in self.context:
            row = row + layer(row)
        logits: Tensor = self.head(row)
        return logits.squeeze(2)


def _convolution(
    channels_in: int,
    channels_out: int,
    kernel: int | tuple[int, int] = 3,
    stride: int = 1,
    padding: int | tuple[int, int] | None = None,
) -> list[nn.Module]:
    if padding is None:
        assert isinstance(kernel, int)
        padding = kernel // 2
    return [
        nn.Conv2d(channels_in, channels_out, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    ]
