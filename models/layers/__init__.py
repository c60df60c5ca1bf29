"""The layers, one a file: each knows its forward pass and its gradient."""

from hpo.models.layers.affine import Affine
from hpo.models.layers.average_pool import AveragePool2d
from hpo.models.layers.base import Layer, Parameter, Statistic
from hpo.models.layers.batch_norm import BatchNorm
from hpo.models.layers.convolution import Conv2d
from hpo.models.layers.dropout import Dropout
from hpo.models.layers.flatten import Flatten
from hpo.models.layers.max_pool import MaxPool2d
from hpo.models.layers.relu import ReLU
from hpo.models.layers.sigmoid import Sigmoid
from hpo.models.layers.softmax_cross_entropy import cross_entropy, softmax_cross_entropy
from hpo.models.layers.windows import output_size

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
