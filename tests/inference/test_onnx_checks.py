from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import onnx
import pytest
import stand_in
from onnx import AttributeProto, GraphProto, NodeProto, TensorProto, helper, numpy_helper

from thumbnet.errors import ModelError
from thumbnet.inference import onnx_checks as module
from thumbnet.inference.model_file import read_model_file, seal
from thumbnet.inference.onnx_checks import check_onnx
from thumbnet.inference.protobuf import Reader

Change = Callable[[onnx.ModelProto], object]


def _refused(change: Change, words: str) -> None:
    made = stand_in.model()
    change(made)
    with pytest.raises(ModelError, match=words) as caught:
        read_model_file(stand_in.sealed(made))
    assert caught.value.expected
    assert caught.value.fix


def _external(tensor: TensorProto) -> TensorProto:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../secret"
    return tensor


def _weights(name: str = "weights") -> TensorProto:
    return numpy_helper.from_array(np.ones(3, np.float32), name)


def _constant(tensor: TensorProto) -> NodeProto:
    return helper.make_node("Constant", [], ["constant"], value=tensor)


def _graph(*nodes: NodeProto, initializers: tuple[TensorProto, ...] = ()) -> GraphProto:
    output = helper.make_tensor_value_info("constant", TensorProto.FLOAT, [3])
    return helper.make_graph(list(nodes), "branch", [], [output], list(initializers))


def _branch(graph: GraphProto) -> NodeProto:
    other = _graph(_constant(_weights()))
    return helper.make_node("If", ["refused"], ["out"], then_branch=other, else_branch=graph)


def _add(node: NodeProto) -> Change:
    return lambda made: made.graph.node.append(node)


def _attribute(**values: object) -> Change:
    """Return a change that adds a node whose attribute holds ``values``."""
    node = NodeProto(op_type="Identity", input=["refused"], output=["out"])
    node.attribute.append(AttributeProto(name="a", **values))
    return _add(node)


def _sparse(tensor: TensorProto, *, as_indices: bool = False) -> onnx.SparseTensorProto:
    names = ("indices", "values") if as_indices else ("values", "indices")
    return onnx.SparseTensorProto(**{names[0]: tensor, names[1]: _weights()}, dims=[3])


@pytest.mark.parametrize(
    "change",
    [
        lambda made: _external(made.graph.initializer[0]),
        lambda made: made.graph.initializer[0].external_data.add(),
        lambda made: setattr(made.graph.initializer[0], "data_location", TensorProto.EXTERNAL),
        _add(_constant(_external(_weights()))),
        _add(_branch(_graph(_constant(_external(_weights()))))),
        _add(_branch(_graph(initializers=(_external(_weights("constant")),)))),
        _add(_branch(_graph(_branch(_graph(_constant(_external(_weights()))))))),
        _attribute(tensors=[_weights(), _external(_weights())]),
        _attribute(graphs=[_graph(_constant(_external(_weights())))]),
        _attribute(sparse_tensor=_sparse(_external(_weights()))),
        _attribute(sparse_tensors=[_sparse(_external(_weights()), as_indices=True)]),
        lambda made: made.graph.sparse_initializer.append(_sparse(_external(_weights()))),
    ],
)
def test_weights_outside_of_the_file_are_refused_wherever_they_are(change: Change) -> None:
    _refused(change, "takes weights from outside of itself\n  got: external data")


def test_place_of_weights_that_only_32_bits_call_external_is_refused() -> None:
    made = stand_in.model()
    # Field 14 with 2**32 + 1, appended to a tensor that is appended to the graph.
    tensor = _weights().SerializeToString() + bytes([14 << 3]) + b"\x81\x80\x80\x80\x10"
    graph = made.graph.SerializeToString() + bytes([5 << 3 | 2, len(tensor)]) + tensor
    made.ClearField("graph")
    length = bytes([len(graph) & 0x7F | 0x80, len(graph) >> 7])
    with pytest.raises(ModelError, match="takes weights from outside"):
        read_model_file(seal(made.SerializeToString() + bytes([7 << 3 | 2]) + length + graph))


def test_weights_in_the_file_are_taken_wherever_they_are() -> None:
    made = stand_in.model()
    made.graph.node.append(_branch(_graph(_constant(_weights()))))
    made.graph.sparse_initializer.append(_sparse(_weights()))
    read_model_file(stand_in.sealed(made))


@pytest.mark.parametrize("domain", ["com.microsoft", "ai.onnx.ml", "mine", "ai.onnx "])
def test_custom_operators_are_refused_with_and_without_an_opset(domain: str) -> None:
    words = f"uses custom operators\n  got: the domain '{domain}'"
    _refused(lambda made: made.opset_import.append(helper.make_opsetid(domain, 1)), words)
    node = helper.make_node("Custom", ["refused"], ["constant"], domain=domain)
    _refused(_add(node), words)
    _refused(_add(_branch(_graph(node))), words)


def test_both_names_of_the_standard_domain_are_taken() -> None:
    made = stand_in.model()
    made.opset_import[0].domain = "ai.onnx"
    made.graph.node[0].domain = "ai.onnx"
    assert read_model_file(stand_in.sealed(made)).opset == 18


@pytest.mark.parametrize("version", [0, 1, 16, 27, 2**40, -18])
def test_opset_out_of_range_is_refused(version: int) -> None:
    words = "has an opset that this version does not run(.|\n)*opset from 17 to 26"
    _refused(lambda made: setattr(made.opset_import[0], "version", version), words)


def test_no_opset_and_two_are_refused() -> None:
    words = "has an opset that this version does not run\n  got: "
    _refused(lambda made: made.opset_import.pop(), f"{words}no opset")
    two = helper.make_opsetid("ai.onnx", 19)
    _refused(lambda made: made.opset_import.append(two), f"{words}opset 18, opset 19")


@pytest.mark.parametrize("version", module.OPSETS)
def test_every_opset_within_the_range_is_taken(version: int) -> None:
    made = stand_in.model()
    made.opset_import[0].version = version
    assert read_model_file(stand_in.sealed(made)).opset == version


def test_more_than_a_network_is_refused() -> None:
    words = "holds more than a network\n  got: "
    function = helper.make_function("mine", "f", ["x"], ["y"], [], [helper.make_opsetid("", 18)])
    _refused(lambda made: made.functions.append(function), f"{words}functions")
    _refused(lambda made: made.training_info.add(), f"{words}training steps")
    _refused(lambda made: made.configuration.add(), f"{words}devices")
    body = stand_in.model().SerializeToString()
    for addition in (b"\x3a\x00", b"\x08\x0a", b"\xd8\x01\x01"):
        with pytest.raises(ModelError, match=f"{words}field (1|7|27), unknown or a second"):
            read_model_file(seal(body + addition))


def test_metadata_of_another_kind_is_refused() -> None:
    def add(key: str) -> Change:
        return lambda made: made.metadata_props.add(key=key, value="{}")

    words = "has metadata of another kind\n  got: "
    for key in ("ort_config", "thumbnet", "thumbnet.sha256"):
        _refused(add(key), f"{words}thumbnet, {key}")
    _refused(lambda made: made.ClearField("metadata_props"), f"{words}none")


def test_old_version_and_missing_parts_are_refused() -> None:
    _refused(lambda made: setattr(made, "ir_version", 3), "old format(.|\n)*IR version 3")
    for part in ("ir_version", "graph"):
        _refused(lambda made, part=part: made.ClearField(part), "no version or no graph")


def _nested(depth: int) -> Change:
    graph = _graph(_constant(_weights()))
    for _ in range(depth - 2):
        graph = _graph(_branch(graph))
    return _add(_branch(graph))


def test_depth_of_graphs_is_bounded() -> None:
    made = stand_in.model()
    _nested(16)(made)
    read_model_file(stand_in.sealed(made))
    _refused(_nested(17), "graphs too deep within graphs\n  got: 17 levels")


def test_number_of_fields_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Reader", lambda: Reader(max_fields=100))
    _refused(lambda _: None, "not a well-formed ONNX file\n  got: it has more than 100 fields")


def test_file_that_onnxruntime_takes_for_its_own_format_is_refused() -> None:
    made = stand_in.model()
    body = b"\x12\x06ab" + b"ORTM" + made.SerializeToString()
    assert onnx.load_from_string(body).producer_name == "abORTM"
    with pytest.raises(ModelError, match="is not an ONNX file"):
        read_model_file(seal(body))


def test_input_that_comes_in_two_pieces_is_refused() -> None:
    made = stand_in.model()
    output = made.graph.output[5].SerializeToString()
    # A second type, which protobuf would merge into the first one.
    twice = output + bytes([2 << 3 | 2, 0])
    graph = made.graph
    del graph.output[5]
    content = graph.SerializeToString() + bytes([12 << 3 | 2, len(twice)]) + twice
    made.ClearField("graph")
    length = bytes([len(content) & 0x7F | 0x80, len(content) >> 7])
    with pytest.raises(ModelError, match="field 2 of an input or output comes twice"):
        read_model_file(seal(made.SerializeToString() + bytes([7 << 3 | 2]) + length + content))


def _graphs(graph: GraphProto) -> Iterator[GraphProto]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _graphs(inner)


def _is_harmless(made: onnx.ModelProto) -> bool:
    """Say with protobuf's own parser what the walk should have found."""
    for graph in _graphs(made.graph):
        tensors = list(graph.initializer)
        for node in graph.node:
            if node.domain not in ("", "ai.onnx"):
                return False
            for attribute in node.attribute:
                tensors += [attribute.t, *attribute.tensors]
        if any(tensor.data_location or tensor.external_data for tensor in tensors):
            return False
    domains = {each.domain for each in made.opset_import}
    return domains <= {"", "ai.onnx"} and not (made.functions or made.training_info)


def test_whatever_passes_is_harmless_to_protobufs_own_parser() -> None:
    """Small files with one fault each, and with every single bit of them turned over."""
    tensor = _weights()
    tensor.data_location = TensorProto.EXTERNAL
    faults: list[Change] = [
        _add(_branch(_graph(_constant(tensor)))),
        _add(helper.make_node("Custom", ["refused"], ["x"], domain="m")),
        lambda made: made.opset_import.append(helper.make_opsetid("m", 1)),
    ]
    num_passed = 0
    for fault in faults:
        made = stand_in.model()
        made.graph.ClearField("node")
        made.graph.ClearField("initializer")
        made.metadata_props[0].value = "{}"
        fault(made)
        assert not _is_harmless(made)
        body = made.SerializeToString()
        for bit in range(8 * len(body)):
            changed = bytearray(body)
            changed[bit // 8] ^= 1 << bit % 8
            try:
                check_onnx(memoryview(changed), "changed")
            except ModelError:
                continue
            num_passed += 1
            try:
                parsed = onnx.load_from_string(bytes(changed))
            except Exception:  # What protobuf cannot parse, onnxruntime refuses.
                continue
            assert _is_harmless(parsed)
    assert num_passed > 0
