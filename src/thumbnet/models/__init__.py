"""Networks by name. Importing the package registers every family."""

from thumbnet.models import cnn, mlp, resnet
from thumbnet.models.registry import build_model, count_parameters, model_names

__all__ = ["build_model", "cnn", "count_parameters", "mlp", "model_names", "resnet"]
