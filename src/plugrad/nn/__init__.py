"""Functions of neural networks, after torch.nn.functional: the same names, values and gradients, numerically stable.

What is used most is one primitive with a rule of its own; the rest is composed. Convolutions and pooling have torch's
layout, (samples, channels, ...), and a loss takes its arguments in torch's order, ``(input, target)``.
"""

# ruff: noqa: F403  each chapter says what it offers
from . import activations, attention, convolution, layers, losses, normalization, pooling
from .activations import *
from .attention import *
from .convolution import *
from .layers import *
from .losses import *
from .normalization import *
from .pooling import *

__all__: list[str] = []
__all__ += activations.__all__
__all__ += attention.__all__
__all__ += convolution.__all__
__all__ += layers.__all__
__all__ += losses.__all__
__all__ += normalization.__all__
__all__ += pooling.__all__
__all__.sort()
