"""Architectures: one description, three realisations.

From the layers of an `Architecture` follow its infinite-width kernels, its finite twin and, for inputs on the sphere,
its profile, a function of the correlation alone.
"""

from ntkit.architectures.architecture import Architecture, Trajectory
from ntkit.architectures.families import cnn, conv_resnet, mlp, resnet
from ntkit.architectures.layers import Dense, Elementwise, Residual
from ntkit.architectures.pixels import AveragePool, Convolution, Flatten, GlobalAverage

__all__ = [
    "Architecture",
    "AveragePool",
    "Convolution",
    "Dense",
    "Elementwise",
    "Flatten",
    "GlobalAverage",
    "Residual",
    "Trajectory",
    "cnn",
    "conv_resnet",
    "mlp",
    "resnet",
]
