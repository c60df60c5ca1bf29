"""Front door `python -m hpo.valley`: four optimizers on f(x, y) = x^2/20 + y^2, as "Deep Learning from Scratch" 6.1."""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import sys
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from hpo import models
from hpo.cli.options import parser, user_path
from hpo.cli.running import run_command
from hpo.engine.exit_codes import DONE
from hpo.reports.figures.drawing import png
from hpo.reports.figures.valley import Descent, valley_figure
from hpo.reports.writing.atomic import make_folder, write_atomically

START = (-7.0, 2.0)
STEPS = 30
LEARNING_RATES = {"sgd": 0.95, "momentum": 0.1, "adagrad": 1.5, "adam": 0.3}
"""Those of the book's code."""
LOW = 0.01


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    return run_command(lambda: _valley(arguments))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.valley",
        "Walk SGD, Momentum, AdaGrad and Adam down the valley f(x, y) = x^2/20 + y^2 from (-7, 2), 30 steps each:\n"
        "SGD zigzags, because the slope across the valley is twenty times that along it. Writes valley.png and\n"
        "valley.csv.",
        """
        hpo valley
        hpo valley --out my_valley
        """,
    )
    made.add_argument(
        "--out",
        type=user_path,
        default=Path("out") / "valley",
        metavar="DIR",
        help="for the files (default: out/valley/)",
    )
    return made


def descend(optimizer: str, learning_rate: float, steps: int = STEPS) -> Descent:
    """Return the path of an optimizer from START, in float64."""
    position = np.array(START)
    walker = models.make_optimizer(optimizer, 2, learning_rate=learning_rate, dtype=np.float64)
    path = [position.copy()]
    for _ in range(steps):
        gradient = np.array([position[0] / 10, 2 * position[1]])  # of x^2/20 + y^2
        walker.step(position, gradient)
        path.append(position.copy())
    return Descent(optimizer, learning_rate, np.array(path))


def valley_csv(descents: list[Descent]) -> str:
    """Return a line for every point of every path; floats are written so that they read back equal."""
    lines = ["optimizer,learning_rate,step,x,y,f"]
    for each in descents:
        lines += [
            f"{each.optimizer},{each.learning_rate!r},{step},{float(x)!r},{float(y)!r},{float(height)!r}"
            for step, ((x, y), height) in enumerate(zip(each.path, each.heights, strict=True))
        ]
    return "\n".join(lines) + "\n"


def _valley(arguments: argparse.Namespace) -> int:
    make_folder(arguments.out)
    descents = [descend(name, rate) for name, rate in LEARNING_RATES.items()]
    files = {"valley.png": png(valley_figure(descents)), "valley.csv": valley_csv(descents).encode()}
    for name, content in files.items():
        write_atomically(arguments.out / name, content)
    console = Console(highlight=False)
    console.print(f"f(x, y) = x^2/20 + y^2 from ({START[0]:g}, {START[1]:g}), {STEPS} steps\n", markup=False)
    console.print(_table(descents))
    console.print(f"\nfiles in {arguments.out}: {', '.join(files)}", markup=False, soft_wrap=True)
    return DONE


def _table(descents: list[Descent]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("optimizer", "learning rate", "ended at x", "y", "f there", f"first f < {LOW:g} at step"):
        table.add_column(column, justify="left" if column == "optimizer" else "right", no_wrap=True)
    for each in descents:
        x, y = (float(part) for part in each.path[-1])
        until = each.steps_until(LOW)
        heights = f"{float(each.heights[-1]):.2g}"
        steps = "-" if until is None else str(until)
        table.add_row(each.optimizer, f"{each.learning_rate:g}", f"{x:.3f}", f"{y:.3f}", heights, steps)
    return table


if __name__ == "__main__":
    sys.exit(main())
