"""The single-file recogniser: checked, loaded and run without torch.

Importing this loads neither numpy nor onnxruntime; ``Recogniser.load`` does.
"""

from thumbnet.inference.recogniser import Recogniser

__all__ = ["Recogniser"]
