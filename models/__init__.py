"""Networks, optimizers and training on NumPy alone: no Optuna, no database, no processes.

A description says what a network looks like, `build_network` draws its weights, `fit` trains it on `Examples` and
yields a `TrainingResult` at every point where it was asked to look.
"""

from hpo.models.arrays import Array, BoolArray, IntArray
from hpo.models.averaging import check_averaging
from hpo.models.building import build_network
from hpo.models.checkpoint import load_network, network_bytes, network_from_bytes, save_network
from hpo.models.conv_net import ConvNet
from hpo.models.descriptions import ACTIVATIONS, POOLS, ConvNetDescription, MultiLayerNetDescription, NetworkDescription
from hpo.models.examples import Examples
from hpo.models.layers import output_size
from hpo.models.multi_layer_net import MultiLayerNet
from hpo.models.network import Evaluation, Network
from hpo.models.optimizers import OPTIMIZERS, Optimizer, make_optimizer
from hpo.models.registry import NETWORKS, Kind, name_of, network_size
from hpo.models.results import LOSS_CAP, TrainingResult
from hpo.models.schedules import SCHEDULES
from hpo.models.settings import TrainingSettings
from hpo.models.trainer import steps_per_epoch
from hpo.models.training import fit

__all__ = [
    "ACTIVATIONS",
    "LOSS_CAP",
    "NETWORKS",
    "OPTIMIZERS",
    "POOLS",
    "SCHEDULES",
    "Array",
    "BoolArray",
    "ConvNet",
    "ConvNetDescription",
    "Evaluation",
    "Examples",
    "IntArray",
    "Kind",
    "MultiLayerNet",
    "MultiLayerNetDescription",
    "Network",
    "NetworkDescription",
    "Optimizer",
    "TrainingResult",
    "TrainingSettings",
    "build_network",
    "check_averaging",
    "fit",
    "load_network",
    "make_optimizer",
    "name_of",
    "network_bytes",
    "network_from_bytes",
    "network_size",
    "output_size",
    "save_network",
    "steps_per_epoch",
]
