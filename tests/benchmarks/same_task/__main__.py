"""Count what a user has to write for the same task with each tool."""

from __future__ import annotations

import ast
from pathlib import Path

FOLDER = Path(__file__).parent
AFTERWARDS = "# afterwards"
TOOLS = {"with_hpo": "this project", "with_optuna": "Optuna", "with_ray": "Ray Tune", "with_wandb": "W&B sweeps"}


def lines_of(text: str) -> int:
    """Return how many lines of `text` hold code."""
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in text.splitlines())


def counted(name: str) -> tuple[int, int]:
    """Return the lines of the search, and those of what comes after it."""
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    ast.parse(text)
    search, _, afterwards = text.partition(AFTERWARDS)
    return lines_of(search), lines_of(afterwards)


def main() -> None:
    """Print a table."""
    print("| tool | the search | the best again, an interval, the test set | together |\n|---|---|---|---|")
    for name, tool in TOOLS.items():
        search, afterwards = counted(name)
        print(f"| {tool} | {search} | {afterwards} | {search + afterwards} |")


if __name__ == "__main__":
    main()
