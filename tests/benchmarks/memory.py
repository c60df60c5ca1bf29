"""How much memory a training takes: a fresh process that trains a ConvNet on 60,000 images, and evaluates it.

`python -m tests.benchmarks.memory NAME` is that process; `measure_memory` starts it.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from hpo import models
from tests.benchmarks import architectures as a
from tests.benchmarks import our_side

ROOT = Path(__file__).parents[2]
NETWORKS = {"simple ConvNet": a.SIMPLE_CONVNET, "deep ConvNet": a.DEEP_CONVNET}
STEPS = 36
EVALUATED = 10_000


def measure_memory(name: str) -> dict[str, float]:
    """Return the peak of the process's memory in MB (10^6 bytes): "start" with its images loaded, "peak" at its end."""
    command = [sys.executable, "-m", "tests.benchmarks.memory", name]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def main() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60_000, 28, 28), dtype=np.uint8)
    examples = models.Examples(images, rng.integers(0, 10, len(images)))
    start = _peak_mb()
    settings = models.TrainingSettings(learning_rate=0.001, batch_size=100, optimizer="adam")
    description = NETWORKS[sys.argv[1]]
    network = models.build_network(description, (28, 28), 10, rng)
    our_side.train(network, examples, settings, rng)(STEPS)
    network.evaluate(models.Examples(images[:EVALUATED], examples.labels[:EVALUATED]))
    print(json.dumps({"start": start, "peak": _peak_mb()}))


def _peak_mb() -> float:
    """Return the largest resident memory so far.

    Linux hands getrusage's peak on from the process that started this one: its own stands in /proc.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


if __name__ == "__main__":
    main()
