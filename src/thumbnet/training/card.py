"""A model's card: what it is, what it was trained on, what it can be used for."""

from __future__ import annotations

from typing import Any

from thumbnet.models.folder import ModelConfig

_FRAMES = {
    "mnist": """A picture shows one glyph, dark on light or light on
dark, anywhere and of any size: its ink is found and put where MNIST's is.""",
    "resize": """The pictures must look like the training data:
the same polarity, framing and kind.""",
}


def model_card(config: ModelConfig, receipt: dict[str, Any]) -> str:
    """Return the card of the model that a run's receipt tells of, in Markdown."""
    test = receipt["results"]["test"]
    low, high = test["accuracy_interval"]
    size, colours = config.input.size_px, "grey" if config.input.channels == 1 else "RGB"
    return f"""# {receipt["recipe"]["name"]}

A `{config.architecture.name}` with {receipt["parameters"]:,} trainable parameters, trained with
Thumbnet {receipt["code"]["version"]}.

| | |
| --- | --- |
| classes | {", ".join(config.class_names)} |
| input | {size}×{size} {colours}, uint8; (pixel / scale − mean) / std |
| trained on | {receipt["data"]["name"]}, {receipt["data"]["num_train"]:,} images |
| seed, epochs | {receipt["recipe"]["seed"]}, {receipt["results"]["epochs"]} |
| test accuracy | {test["accuracy"]:.2%} (95 % interval {low:.2%} to {high:.2%}), one run |
| calibration error | {test["expected_calibration_error"]:.4f} |
| refused test images | {receipt["results"]["test_false_refusals"]:.2%} |

Use it: `thumbnet predict MODEL IMAGE…`. {_FRAMES[config.input.frame]}
{_refusal_in_words(receipt["calibration"])}
"""


def _refusal_in_words(calibration: dict[str, Any]) -> str:
    refused, known = calibration["refusals"], calibration["false_refusals"]
    fitted = f"fitted on {calibration['num_images']:,} {calibration['fitted_on']} images"
    if refused is None:
        return f"It refuses the {known:.1%} that it is least certain of ({fitted})."
    num = calibration["num_negatives"]
    return (
        f"It refuses {refused:.1%} of {num:,} made pictures of none of its classes (letters,\n"
        f"drawings, scribbles, noise) and {known:.2%} of its own kind, {fitted}."
    )
