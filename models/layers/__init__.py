"""The layers, one a file: each knows its forward pass and its gradient."""

from models.layers.affine import Affine
from models.layers.average_pool import AveragePool2d
from models.layers.base import Layer, Parameter, Statistic
from models.layers.batch_norm import BatchNorm
from models.layers.convolution import Conv2d
from models.layers.dropout import Dropout
from models.layers.flatten import Flatten
from models.layers.max_pool import MaxPool2d
from models.layers.relu import ReLU
from models.layers.sigmoid import Sigmoid
from models.layers.softmax_cross_entropy import cross_entropy, softmax_cross_entropy
from models.layers.windows import output_size

ACTIVATION_LAYERS: dict[str, type[Layer]] = {"relu": ReLU, "sigmoid": Sigmoid}

__all__ = [
    "ACTIVATION_LAYERS",
    "Affine",
    "AveragePool2d",
    "BatchNorm",
    "Conv2d",
    "Dropout",
    "Flatten",
    "Layer",
    "MaxPool2d",
    "Parameter",
    "ReLU",
    "Sigmoid",
    "Statistic",
    "cross_entropy",
    "output_size",
    "softmax_cross_entropy",
]
