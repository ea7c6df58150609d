"""The networks that a network consists of."""

from __future__ import annotations

from thumbnet.inspection.doctor.flow.values import Value


def parts_of(model: Value, depth: int = 6) -> list[Value]:
    """Return every network in a network, itself first, as far as they are known."""
    found = [model]
    if not depth:
        return found
    inner = [*(model.items or ()), *model.attributes.values()]
    for value in inner:
        if value.kind == "model" and value is not model:
            found += parts_of(value, depth - 1)
        elif value.kind in ("list", "tuple", "dict"):
            each = [*(value.items or ()), *(value.fields or {}).values()]
            for item in each:
                if item.kind == "model" and item is not model:
                    found += parts_of(item, depth - 1)
    return found
