"""Networks by name. Importing the package registers every family."""

from thumbnet.models import cnn, mlp, resnet, whitened_cnn
from thumbnet.models.registry import build_model, count_parameters, model_names
from thumbnet.models.whitened_cnn import PatchWhitening

__all__ = [
    "PatchWhitening",
    "build_model",
    "cnn",
    "count_parameters",
    "mlp",
    "model_names",
    "resnet",
    "whitened_cnn",
]
