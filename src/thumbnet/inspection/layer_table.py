"""A network layer by layer: shapes, parameters, multiply-adds, receptive fields, memory."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from thumbnet.errors import ModelError, nearest
from thumbnet.inspection.placing import Placements
from thumbnet.inspection.receptive_field import AxisField, Window
from thumbnet.inspection.trace import Shape

BYTES_PER_VALUE = 4
PICTURE = -1
"""Stands for the picture among the inputs of a layer."""


@dataclass(frozen=True)
class Layer:
    """One call of a layer, for one image; shapes are without the batch.

    Attributes:
        name: dotted name of the module; with the operation where it is one that a larger module
            does itself (``3.add``), and with a number from the second call on (``conv:2``).
        kind: the module's class, or the operation.
        inputs: places in the table of the layers whose values it takes; -1 is the picture.
        input_shapes: of the values that it takes.
        output_shape: of the first tensor that it gives.
        num_outputs: tensors that it gives.
        windows: how it moves along each axis; None if it is no convolution or pooling.
        input_places: where the first of the values that it takes lie; see ``AxisField``.
        parameter_shapes: of the parameters that it uses.
        num_parameters: those that no earlier layer uses.
        num_trainable: of these, the ones that require a gradient.
        multiply_adds: of convolutions and matrix products; None if it is not known.
        fields: where its values look, along each axis of the picture.
        memory_bytes: of its output in float32; 0 for views and what is written in place.
    """

    name: str
    kind: str
    inputs: tuple[int, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    num_outputs: int
    windows: tuple[Window, ...] | None
    input_places: Placements
    parameter_shapes: dict[str, Shape]
    num_parameters: int
    num_trainable: int
    multiply_adds: int | None
    fields: tuple[AxisField, ...]
    memory_bytes: int

    def sees_all(self, input_shape: Shape) -> bool:
        """Return whether each of its values depends on the whole picture of ``input_shape``."""
        whole = [(0, length - 1) for length in input_shape[1:]]
        seen = [field.seen for field in self.fields if field.jump is None]
        return bool(whole) and seen == whole

    def to_dict(self) -> dict[str, Any]:
        """Return the layer as JSON values; lists have one entry for each axis."""
        windows = self.windows
        return {
            "layer": self.name,
            "kind": self.kind,
            "inputs": list(self.inputs),
            "output_shape": list(self.output_shape),
            "kernel": windows and [window.kernel for window in windows],
            "stride": windows and [window.stride for window in windows],
            "padding": windows and [[window.before, window.after] for window in windows],
            "dilation": windows and [window.dilation for window in windows],
            "parameters": self.num_parameters,
            "trainable_parameters": self.num_trainable,
            "multiply_adds": self.multiply_adds,
            "receptive_field": [_field_to_dict(each) for each in self.fields],
            "memory_bytes": self.memory_bytes,
        }


@dataclass(frozen=True)
class Inspection:
    """What ``thumbnet.inspection.inspect_model.inspect_model`` found.

    Attributes:
        kind: the network's class.
        input_shape: of one image.
        layers: in the order in which they ran.
        num_parameters: of the whole network, each once.
        num_trainable: of these, the ones that require a gradient.
        unused_parameters: name → number of those that no layer used.
        covered: the first and the last pixel along each axis that the output depends on; None
            where that is not known.
        kept_bytes: what training keeps of each image until the backward pass, measured; None if
            the network does not run in training mode.
    """

    kind: str
    input_shape: Shape
    layers: tuple[Layer, ...]
    num_parameters: int
    num_trainable: int
    unused_parameters: dict[str, int]
    covered: tuple[tuple[int, int] | None, ...]
    kept_bytes: int | None

    @property
    def multiply_adds(self) -> int:
        """The sum over the layers of which it is known."""
        return sum(layer.multiply_adds or 0 for layer in self.layers)

    @property
    def unknown_layers(self) -> list[str]:
        """Names of the layers whose multiply-adds are not known."""
        return [layer.name for layer in self.layers if layer.multiply_adds is None]

    @property
    def activation_bytes(self) -> int:
        """Memory of all layers' outputs for one image, in float32."""
        return sum(layer.memory_bytes for layer in self.layers)

    @property
    def parameter_bytes(self) -> int:
        """Memory of all parameters in float32."""
        return self.num_parameters * BYTES_PER_VALUE

    @property
    def unseen(self) -> tuple[tuple[int, int] | None, ...]:
        """Along each axis, how many pixels at the beginning and at the end change no output."""
        pairs = zip(self.covered, self.input_shape[1:], strict=True)
        return tuple(
            None if covered is None else (covered[0], length - 1 - covered[1])
            for covered, length in pairs
        )

    def layer(self, name: str) -> Layer:
        """Return a layer by its name.

        Raises:
            ModelError: there is none of that name.
        """
        by_name = {layer.name: layer for layer in self.layers}
        if name not in by_name:
            raise ModelError(f"the network has no layer '{name}'", expected=nearest(name, by_name))
        return by_name[name]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "kind": self.kind,
            "input_shape": list(self.input_shape),
            "layers": [layer.to_dict() for layer in self.layers],
            "parameters": self.num_parameters,
            "trainable_parameters": self.num_trainable,
            "unused_parameters": self.unused_parameters,
            "multiply_adds": self.multiply_adds,
            "multiply_adds_unknown": self.unknown_layers,
            "activation_bytes": self.activation_bytes,
            "parameter_bytes": self.parameter_bytes,
            "kept_for_training_bytes": self.kept_bytes,
            "unseen": [each and list(each) for each in self.unseen],
        }


def _field_to_dict(field: AxisField) -> dict[str, Any]:
    def number(value: Fraction | None) -> float | int | None:
        if value is None:
            return None
        return int(value) if value.denominator == 1 else float(value)

    return {
        "size": field.size,
        "jump": number(field.jump),
        "centre": number(field.centre),
        "seen": field.seen and list(field.seen),
        "covered": field.covered and list(field.covered),
    }
