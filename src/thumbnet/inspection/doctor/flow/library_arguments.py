"""The command line of a script: the defaults tell what an argument is like, not what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thumbnet.inspection.doctor.flow.registry import function, method
from thumbnet.inspection.doctor.flow.values import Value

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter


@function("argparse.ArgumentParser")
def _parser(_interpreter: Interpreter, made: Call) -> Value:
    return Value("argument-parser", node=made.node)


@method("argument-parser", "add_argument_group", "add_mutually_exclusive_group")
def _group(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    return made.owner


@method("argument-parser", "add_argument")
def _add_argument(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    names = [value.text.lstrip("-").replace("-", "_") for value in made.arguments if value.text]
    given = made.keywords.get("dest")
    name = given.text if given is not None and given.text else max(names, key=len, default="")
    default = made.keywords.get("default")
    if name and default is not None and default.text is not None:
        # Whoever calls the script may give another, so it is no constant.
        made.owner.attributes[name] = Value("path", facts={"words": default.text})
    return Value()


@method("argument-parser", "parse_args")
def _parse(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    return Value("arguments", attributes=dict(made.owner.attributes), node=made.node)


@method("argument-parser", "parse_known_args")
def _parse_known(interpreter: Interpreter, made: Call) -> Value:
    return Value("tuple", items=[_parse(interpreter, made), Value()])
