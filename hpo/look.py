"""Front door `python -m hpo.look`: a look inside a trained ConvNet, at its filters and at what it makes of an image."""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import sys
from pathlib import Path

from hpo import models
from hpo.cli.options import add_data_dir, parser, user_path
from hpo.cli.running import run_command, say
from hpo.engine.exit_codes import DONE
from hpo.reports.look.files import probabilities, write_look
from hpo.storage.datasets import load_training_part, locate
from hpo.storage.errors import UserError


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    return run_command(lambda: _look(arguments))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.look",
        "Draw the filters of a trained ConvNet's first convolution, and its feature maps for one training image. The\n"
        "predicted class is printed. No test image is used.",
        """
        hpo look out/book_convnet/network.npz
        hpo look network.npz --dataset fashion_mnist --image 17 --out out/look
        """,
    )
    made.add_argument("network", type=user_path, metavar="NETWORK.npz", help="a network that was saved after training")
    made.add_argument(
        "--dataset", default="mnist", metavar="NAME", help="mnist, fashion_mnist, or the path of your own data"
    )
    made.add_argument("--image", type=int, default=0, metavar="N", help="which training image, from 0 (default: 0)")
    made.add_argument("--out", type=user_path, metavar="DIR", help="for the pictures (default: the network's folder)")
    add_data_dir(made)
    return made


def _look(arguments: argparse.Namespace) -> int:
    network = _load(arguments.network)
    located = locate(arguments.dataset, data_dir=arguments.data_dir, announce=say)
    part = load_training_part(located)
    count = len(part.labels)
    if not 0 <= arguments.image < count:
        raise UserError(
            f"--image {arguments.image}: {located.provenance} has {count} training images; take one of 0 .. {count - 1}"
        )
    image = part.images[arguments.image]
    if image.shape != network.input_shape:
        raise UserError(
            f"{arguments.network} takes images of shape {network.input_shape}, but those of {located.provenance} have "
            f"{image.shape}; name the data that it was trained on with --dataset"
        )
    written = write_look(None, network, image, arguments.out or arguments.network.parent)
    shares = probabilities(network, image)
    label = int(part.labels[arguments.image])
    say(f"training image {arguments.image} of {located.provenance}, labelled {part.name(label)}")
    for place in shares.argsort()[::-1][:3]:
        say(f"  {part.name(int(place))}  {100 * shares[place]:5.1f} %")
    answer = int(shares.argmax())
    if answer == label:
        say(f"Predicted: {part.name(label)}, which is the label.")
    else:
        say(f"Predicted: {part.name(answer)}. The label is {part.name(label)}, which got {100 * shares[label]:.1f} %.")
    say(f"files: {', '.join(str(path) for path in written)}")
    return DONE


def _load(path: Path) -> models.Network:
    try:
        return models.load_network(path)
    except FileNotFoundError as error:
        raise UserError(
            f"there is no file {path}; name a network that was saved after training, such as the network.npz of a study"
        ) from error
    except (IsADirectoryError, PermissionError, ValueError) as error:
        raise UserError(f"{path} cannot be read as a network: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
