"""Running a network once to find out what its layers are."""

from __future__ import annotations

import traceback
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.utils._pytree import tree_leaves

from thumbnet.errors import ModelError, ThumbnetError
from thumbnet.inspection.layer_table import BYTES_PER_VALUE, PICTURE, Inspection, Layer
from thumbnet.inspection.receptive_field import Window
from thumbnet.inspection.trace import Shape, Step, Watch
from thumbnet.inspection.training_memory import kept_bytes_per_image
from thumbnet.inspection.undisturbed import plain_operations, undisturbed


def inspect_model(model: nn.Module, input_shape: tuple[int, ...]) -> Inspection:
    """Run ``model`` once on noise and describe each layer that ran.

    It runs in evaluation mode, on its own device and in its own precision. Modes, buffers and
    random generators are afterwards as they were.

    Args:
        model: any network that takes one float tensor ``(N, *input_shape)``.
        input_shape: of one image, ``(C, H, W)``; ``(C, L)``, ``(C, D, H, W)`` and ``(F,)`` too.

    Raises:
        ModelError: the network cannot take the shape; the message names the layer that failed.

    Receptive fields follow Araujo, Norris and Sim 2019, "Computing Receptive Fields of
    Convolutional Neural Networks" (Distill). An operation that is not known makes what comes after
    it unknown; nothing is guessed.
    """
    model = getattr(model, "_orig_mod", model)  # of a compiled network, what it was made from
    if any(is_lazy(parameter) for parameter in model.parameters()):
        raise ModelError(
            "the network has lazy layers, whose shapes are not known yet",
            fix="run it once on an image first",
        )
    device, dtype = _where(model)
    generator = torch.Generator().manual_seed(0)
    picture = torch.randn(1, *input_shape, generator=generator).to(device, dtype)
    watch = Watch(model, picture)
    with undisturbed(model, training=False), plain_operations(), torch.no_grad():
        output = _run(model, picture, watch)
    outputs = [leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor)]
    parameters = dict(model.named_parameters())
    layers = _layers(watch, parameters)
    used = {name for layer in layers for name in layer.parameter_shapes}
    return Inspection(
        kind=type(model).__name__,
        input_shape=tuple(input_shape),
        layers=layers,
        num_parameters=sum(each.numel() for each in parameters.values()),
        num_trainable=sum(each.numel() for each in parameters.values() if each.requires_grad),
        unused_parameters={n: p.numel() for n, p in parameters.items() if n not in used},
        covered=watch.ledger.covered(outputs),
        kept_bytes=kept_bytes_per_image(model, tuple(input_shape), device, dtype),
    )


def _where(model: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Return the device and the float type of the first parameter, or buffer, that has one."""
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point():
            return tensor.device, tensor.dtype
    return torch.device("cpu"), torch.float32


def _run(model: nn.Module, picture: Tensor, watch: Watch) -> Any:
    try:
        with watch:
            return model(picture)
    except ThumbnetError:
        raise
    # Any network may be given, and a network may raise anything.
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(
            f"the network cannot take this input{failed_layer(error)}",
            got=f"{'×'.join(map(str, picture.shape[1:]))}: {reason}",
            expected="the shape, channels first, that the network is made for",
        ) from error


def failed_layer(error: BaseException) -> str:
    """Return which layer raised an error, as the end of a sentence; empty if none did."""
    frames = traceback.walk_tb(error.__traceback__)
    owners = [frame.f_locals.get("self") for frame, _ in frames]
    modules = [owner for owner in owners if isinstance(owner, nn.Module)]
    if not modules:
        return ""
    names = [name for name, module in modules[0].named_modules() if module is modules[-1]]
    kind = type(modules[-1]).__name__
    return f": layer '{names[0]}' ({kind}) failed" if any(names) else f": {kind} itself failed"


def _layers(watch: Watch, parameters: dict[str, nn.Parameter]) -> tuple[Layer, ...]:
    # What does not depend on the picture, such as an embedding of places, is no layer.
    steps = [step for step in watch.steps if step.output_shapes]
    numbers: dict[Step | None, int] = {None: PICTURE}
    numbers |= {step: number for number, step in enumerate(steps)}
    seen: set[str] = set()
    layers = []
    for step in steps:
        names = [name for name in parameters if name in step.parameters]
        new = [parameters[name] for name in names if name not in seen]
        seen.update(names)
        counts = [each.multiply_adds for each in step.operations]
        layers.append(
            Layer(
                name=step.name,
                kind=step.kind,
                inputs=tuple(numbers[source] for source in step.sources if source in numbers),
                input_shapes=tuple(_without_batch(shape) for shape in step.input_shapes),
                output_shape=_without_batch(step.output_shapes[0]),
                num_outputs=len(step.output_shapes),
                windows=_windows(step),
                input_places=step.input_places,
                parameter_shapes={name: tuple(parameters[name].shape) for name in names},
                num_parameters=sum(each.numel() for each in new),
                num_trainable=sum(each.numel() for each in new if each.requires_grad),
                multiply_adds=None if None in counts else sum(filter(None, counts)),
                fields=step.fields,
                memory_bytes=step.num_new_values * BYTES_PER_VALUE,
            )
        )
    return tuple(layers)


def _without_batch(shape: Shape) -> Shape:
    return shape[1:] if shape[:1] == (1,) else shape


def _windows(step: Step) -> tuple[Window, ...] | None:
    """Return the one moving window of a layer, with the padding that the layer did before it."""
    moving = [each for each in step.operations if each.windows and not each.is_padding]
    num_axes = len(step.output_shapes[0]) - 2
    if len(moving) != 1 or num_axes < 1:
        return None
    windows = moving[0].windows or ()
    # A pooling over one axis is computed as one over two, of which the first does nothing.
    spare, windows = windows[:-num_axes], windows[-num_axes:]
    if len(windows) < num_axes or any((each.extent, each.stride) != (1, 1) for each in spare):
        return None
    given, padded = step.input_shapes[0][-num_axes:], moving[0].input_shape[-num_axes:]
    added = [after - before for before, after in zip(given, padded, strict=True)]
    return tuple(
        replace(each, before=each.before + more // 2, after=each.after + more - more // 2)
        for each, more in zip(windows, added, strict=True)
    )
