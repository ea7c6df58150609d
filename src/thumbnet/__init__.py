"""Thumbnet: train, understand and ship recognisers of thumbnail-sized images.

The verbs of the command line, as functions::

    import thumbnet

    run = thumbnet.train("mnist")               # a Run: .folder, .result, .test(), .load()
    classifier = thumbnet.load(run.folder)      # a Classifier
    classifier.predict("seven.png")             # a list of Prediction

Every name below is imported when it is first used, so that ``import thumbnet`` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from thumbnet.version import __version__

if TYPE_CHECKING:
    from thumbnet.datasets.image_set import ImageSet
    from thumbnet.datasets.loading import load_dataset
    from thumbnet.errors import ThumbnetError
    from thumbnet.evaluation.classifier import Classifier
    from thumbnet.evaluation.metrics import Evaluation
    from thumbnet.inference.recogniser import Recogniser
    from thumbnet.inspection.inspect_model import inspect_model
    from thumbnet.models.registry import build_model
    from thumbnet.prediction import Prediction
    from thumbnet.training.compare import compare
    from thumbnet.training.recipe import Recipe
    from thumbnet.training.recipe_file import load_recipe
    from thumbnet.training.run import Run
    from thumbnet.training.testing import test
    from thumbnet.training.train import resume, train
    from thumbnet.training.tune import tune

    load = Classifier.load

_HOMES = {
    "Classifier": "thumbnet.evaluation.classifier",
    "Evaluation": "thumbnet.evaluation.metrics",
    "ImageSet": "thumbnet.datasets.image_set",
    "Prediction": "thumbnet.prediction",
    "Recipe": "thumbnet.training.recipe",
    "Recogniser": "thumbnet.inference.recogniser",
    "Run": "thumbnet.training.run",
    "ThumbnetError": "thumbnet.errors",
    "build_model": "thumbnet.models.registry",
    "compare": "thumbnet.training.compare",
    "inspect_model": "thumbnet.inspection.inspect_model",
    "load_dataset": "thumbnet.datasets.loading",
    "load_recipe": "thumbnet.training.recipe_file",
    "resume": "thumbnet.training.train",
    "test": "thumbnet.training.testing",
    "train": "thumbnet.training.train",
    "tune": "thumbnet.training.tune",
}

__all__ = [
    "Classifier",
    "Evaluation",
    "ImageSet",
    "Prediction",
    "Recipe",
    "Recogniser",
    "Run",
    "ThumbnetError",
    "__version__",
    "build_model",
    "compare",
    "inspect_model",
    "load",
    "load_dataset",
    "load_recipe",
    "resume",
    "test",
    "train",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name == "load":
        return __getattr__("Classifier").load
    if name not in _HOMES:
        raise AttributeError(f"module 'thumbnet' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
