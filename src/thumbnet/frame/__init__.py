"""Pictures of any size to what a network takes, as modules that export with the network.

``MnistFrame`` does to one glyph what was done to MNIST's (LeCun, Cortes and Burges, "The MNIST
database of handwritten digits"): its ink fitted to 20×20 pixels with its shape kept, anti-aliased,
in a field of 28×28 about its centre of mass. Ink is white, paper black. ``ResizeFrame`` is for
everything that is no glyph.
"""

from thumbnet.frame.framing import (
    BOX_PX,
    LUMA_16_BIT,
    MnistFrame,
    ResizeFrame,
    frame_grey,
    frame_ink,
    is_framed,
    reframe,
    to_grey,
)
from thumbnet.frame.ink_search import glyph_cells
from thumbnet.frame.resampling import SIZE_PX, Square, tent_weights

__all__ = [
    "BOX_PX",
    "LUMA_16_BIT",
    "SIZE_PX",
    "MnistFrame",
    "ResizeFrame",
    "Square",
    "frame_grey",
    "frame_ink",
    "glyph_cells",
    "is_framed",
    "reframe",
    "tent_weights",
    "to_grey",
]
