"""What an ONNX file must be before onnxruntime may see it.

onnxruntime follows what a file says: weights in other files, or at an address in memory, operators
of other libraries, settings of the session. A recogniser needs none of these, so a file that asks
for one is refused. How long the graph computes, and in how much memory, cannot be told from the
file. The field numbers are those of onnx.proto.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from thumbnet.errors import ModelError
from thumbnet.inference.protobuf import Reader, Value, WireError, submessage, text, whole_number

OPSETS = range(17, 27)
MAX_DEPTH = 16
"""Graphs within graphs; a network with control flow has two or three."""

METADATA_KEY = "thumbnet"
# From this version on weights need not be listed among the graph's inputs.
_OLDEST_IR_VERSION = 4
_DOMAINS = ("", "ai.onnx")
_ELEMENT_TYPES = {1: "float32", 2: "uint8", 7: "int64", 9: "bool"}

# ModelProto
_IR_VERSION, _GRAPH, _OPSET_IMPORT, _METADATA = 1, 7, 8, 14
_SINGLE = {_IR_VERSION, _GRAPH}
_DESCRIPTIONS = {2, 3, 4, 5, 6}
_REFUSED = {20: "training steps", 25: "functions of its own", 26: "devices"}
# GraphProto
_NODE, _INITIALIZER, _INPUT, _OUTPUT, _SPARSE_INITIALIZER = 1, 5, 11, 12, 15
# NodeProto and AttributeProto
_ATTRIBUTE, _NODE_DOMAIN = 5, 7
_TENSORS, _GRAPHS, _SPARSE_TENSORS = (5, 10), (6, 11), (22, 23)
# TensorProto
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
# ValueInfoProto and TypeProto
_VALUE_METADATA, _DENOTATION = 4, 6


@dataclass(frozen=True)
class Tensor:
    """A graph's input or output: its name, element type and dimensions, None where symbolic."""

    name: str
    element_type: str
    dimensions: tuple[int | None, ...]

    def __str__(self) -> str:
        shape = ", ".join("?" if size is None else str(size) for size in self.dimensions)
        return f"{self.name} {self.element_type} [{shape}]"


@dataclass(frozen=True)
class OnnxFacts:
    """What was found in a file that may be run.

    Attributes:
        opset: version of the standard operators.
        metadata: the value of the metadata entry ``thumbnet``, JSON.
        inputs: of the graph.
        outputs: of the graph, in order.
    """

    opset: int
    metadata: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def check_onnx(body: memoryview, name: str) -> OnnxFacts:
    """Walk a whole ModelProto.

    Args:
        body: the file, without the entry that seals it.
        name: what an error calls the file.

    Raises:
        ModelError: it is not well formed, refers to anything outside of itself, or uses operators
            other than the standard ones of a version in ``OPSETS``.
    """
    try:
        return _Walk(name).model(body)
    except WireError as error:
        raise ModelError(
            f"'{name}' is not a well-formed ONNX file",
            got=error,
            expected="an ONNX file as thumbnet export writes it",
            fix="export it again: thumbnet export RUN",
        ) from None


class _Walk:
    """One walk over one file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.reader = Reader()

    def refuse(self, what: str, got: object, expected: str) -> NoReturn:
        raise ModelError(
            f"'{self.name}' {what}",
            got=got,
            expected=expected,
            fix="use only a file that thumbnet export wrote",
        )

    def model(self, message: memoryview) -> OnnxFacts:
        single: dict[int, Value] = {}
        opsets: list[tuple[str, int]] = []
        metadata: list[tuple[str, str]] = []
        for number, value in self.reader.fields(message):
            if number == _OPSET_IMPORT:
                opsets.append(self.opset_import(submessage(number, value)))
            elif number == _METADATA:
                metadata.append(self.entry(submessage(number, value)))
            elif number in _SINGLE and number not in single:
                single[number] = value
            elif number not in _DESCRIPTIONS:
                got = _REFUSED.get(number, f"field {number}, unknown or a second time")
                self.refuse("holds more than a network", got, "one graph and its metadata")
        if single.keys() != _SINGLE:
            raise WireError("it has no version or no graph")
        version = whole_number(_IR_VERSION, single[_IR_VERSION])
        if version < _OLDEST_IR_VERSION:
            expected = f"version {_OLDEST_IR_VERSION} or newer"
            self.refuse("has an old format of ONNX files", f"IR version {version}", expected)
        opset = self.standard_opset(opsets)
        keys = [key for key, _ in metadata]
        if keys != [METADATA_KEY]:
            expected = f"one entry, {METADATA_KEY}"
            self.refuse("has metadata of another kind", ", ".join(keys) or "none", expected)
        inputs, outputs = self.main_graph(submessage(_GRAPH, single[_GRAPH]))
        return OnnxFacts(opset, metadata[0][1], inputs, outputs)

    def opset_import(self, message: memoryview) -> tuple[str, int]:
        domain, version = "", 0
        for number, value in self.reader.fields(message):
            if number == 1:
                domain = text(number, value)
                self.check_domain(domain)
            elif number == 2:
                version = whole_number(number, value)
        return domain, version

    def standard_opset(self, opsets: list[tuple[str, int]]) -> int:
        versions = [version for _, version in opsets]
        if len(versions) != 1 or versions[0] not in OPSETS:
            got = ", ".join(f"opset {version}" for version in versions) or "no opset"
            expected = f"one opset from {OPSETS[0]} to {OPSETS[-1]}"
            self.refuse("has an opset that this version does not run", got, expected)
        return versions[0]

    def check_domain(self, domain: str) -> None:
        if domain not in _DOMAINS:
            self.refuse("uses custom operators", f"the domain {domain!r}", "ONNX's own operators")

    def entry(self, message: memoryview) -> tuple[str, str]:
        texts = {1: "", 2: ""}
        for number, value in self.reader.fields(message):
            if number in texts:
                texts[number] = text(number, value)
        return texts[1], texts[2]

    def main_graph(self, message: memoryview) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        self.graph(message, depth=1)
        found: dict[int, list[Tensor]] = {_INPUT: [], _OUTPUT: []}
        for number, value in self.reader.fields(message):
            if number in found:
                found[number].append(self.value_info(submessage(number, value)))
        return tuple(found[_INPUT]), tuple(found[_OUTPUT])

    def graph(self, message: memoryview, depth: int) -> None:
        if depth > MAX_DEPTH:
            self.refuse("has graphs too deep within graphs", f"{depth} levels", f"≤ {MAX_DEPTH}")
        for number, value in self.reader.fields(message):
            if number == _NODE:
                self.node(submessage(number, value), depth)
            elif number == _INITIALIZER:
                self.tensor(submessage(number, value))
            elif number == _SPARSE_INITIALIZER:
                self.sparse_tensor(submessage(number, value))

    def node(self, message: memoryview, depth: int) -> None:
        for number, value in self.reader.fields(message):
            if number == _NODE_DOMAIN:
                self.check_domain(text(number, value))
            elif number == _ATTRIBUTE:
                self.attribute(submessage(number, value), depth)

    def attribute(self, message: memoryview, depth: int) -> None:
        for number, value in self.reader.fields(message):
            if number in _TENSORS:
                self.tensor(submessage(number, value))
            elif number in _GRAPHS:
                self.graph(submessage(number, value), depth + 1)
            elif number in _SPARSE_TENSORS:
                self.sparse_tensor(submessage(number, value))

    def sparse_tensor(self, message: memoryview) -> None:
        for number, value in self.reader.fields(message):
            if number in (1, 2):
                self.tensor(submessage(number, value))

    def tensor(self, message: memoryview) -> None:
        for number, value in self.reader.fields(message):
            # Any value but 0: a longer number may become EXTERNAL when it is cut to 32 bits.
            if number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0):
                self.refuse(
                    "takes weights from outside of itself", "external data", "weights in the file"
                )

    def value_info(self, message: memoryview) -> Tensor:
        fields = self.single_fields(message)
        kind = self.single_fields(_part(fields, 2))
        if kind.keys() - {1, _DENOTATION}:
            self.refuse("has an input or output of another kind", "no tensor", "tensors")
        tensor = self.single_fields(_part(kind, 1))
        dimensions = []
        for number, value in self.reader.fields(_part(tensor, 2)):
            if number == 1:
                size = self.single_fields(submessage(number, value)).get(1)
                dimensions.append(None if size is None else whole_number(1, size))
        element_type = whole_number(1, tensor.get(1, 0))
        return Tensor(
            text(1, _part(fields, 1)),
            _ELEMENT_TYPES.get(element_type, f"element type {element_type}"),
            tuple(dimensions),
        )

    def single_fields(self, message: memoryview) -> dict[int, Value]:
        """Return the fields of a message, none of which but the metadata may come twice.

        Protobuf merges such fields or lets the last one win; nobody writes them on purpose.
        """
        fields: dict[int, Value] = {}
        for number, value in self.reader.fields(message):
            if number in fields and number != _VALUE_METADATA:
                raise WireError(f"field {number} of an input or output comes twice")
            fields[number] = value
        return fields


def _part(fields: dict[int, Value], number: int) -> memoryview:
    if number not in fields:
        raise WireError(f"an input or output has no field {number}")
    return submessage(number, fields[number])
