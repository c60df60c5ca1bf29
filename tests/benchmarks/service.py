"""`python -m tests.benchmarks.service`: what a whole search costs, against a plain script, and where its time goes.

Both try configs of the book's search: learning rate and weight decay drawn log-uniformly in the book's box, its network
of six hidden layers, 400 digits, 50 epochs, 100 validation digits. The plain script trains them one after the other in
the book's style, in a process of its own with BLAS as it comes. The service is `hpo.run` with its database and its
workers, from the start of the command to the end of the last trial. The two take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import optuna

from tests.benchmarks.interleaving import Spread

ROOT = Path(__file__).parents[2]
STUDY = """
title = "the book's search, in the book's box"
[data]
dataset = "mnist"
validation = 100
confirmation = 100
[model]
network = "mlp"
[training]
batch_size = 100
[space.learning_rate]
log = true
start = [1e-6, 1e-2]
[space.weight_decay]
log = true
start = [1e-8, 1e-4]
[search]
sampler = "random"
rungs = []
[[rounds]]
trials = {trials}
samples = 400
epochs = 50
[final]
good_values = 1
race_runs = 2
confirmation_runs = 2
seeds = 1
epochs = 1
"""
PLAIN = """
import sys, time
from pathlib import Path
import numpy as np
from tests.benchmarks import architectures
from tests.benchmarks.digits import load_digits
from tests.benchmarks.plain_networks import SGD, PlainNetwork
from tests.benchmarks.workloads import VECTOR, plain_trial
digits = load_digits(Path(sys.argv[2]) if len(sys.argv) > 2 else None)
x, labels = digits.floats(0, 500, np.float64, VECTOR), digits.labels[:500]
rng = np.random.default_rng(0)
started = time.perf_counter()
for _ in range(int(sys.argv[1])):
    plain_trial(architectures.architecture(architectures.MLP), x, labels, rng)
print(time.perf_counter() - started)
"""


@dataclass(frozen=True)
class Shares:
    """Where the workers' time went, from the start of the command to the end of the last trial; they sum up to 1.

    starting: until a worker's first trial. training: with evaluation. beside: the rest of a trial, from its claim to
    its last write: cutting its images, building its network, the database. between: from a trial to the next: looking
    at the queue, claiming. waiting: from a worker's last trial to the end of the last of all.
    """

    starting: float
    training: float
    beside: float
    between: float
    waiting: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.service", description=__doc__)
    parser.add_argument("--trials", type=int, default=100, metavar="N", help="of each search (default: 100)")
    parser.add_argument("--plain-trials", type=int, default=10, metavar="N", help="of each plain script (default: 10)")
    parser.add_argument("--workers", type=int, default=2, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="turns of each side (default: 3)")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("HPO_DATA_DIR"), metavar="DIR")
    parser.add_argument("--json", action="store_true", help="print all numbers as one JSON object")
    arguments = parser.parse_args()
    plain: list[float] = []
    ours: list[float] = []
    shares: list[Shares] = []
    for turn in range(arguments.rounds):
        plain.append(plain_script(arguments.plain_trials, arguments.data_dir) / arguments.plain_trials)
        seconds, where = search(arguments.trials, arguments.workers, arguments.data_dir)
        ours.append(seconds / arguments.trials)
        shares.append(where)
        if not arguments.json:
            print(
                f"turn {turn + 1}: a trial takes the plain script {plain[-1]:.3f} s, the service with "
                f"{arguments.workers} workers {ours[-1]:.3f} s: {plain[-1] / ours[-1]:.1f} times the throughput",
                flush=True,
            )
    ratio = Spread.of([a / b for a, b in zip(plain, ours, strict=True)])
    mean = {name: float(np.mean([getattr(each, name) for each in shares])) for name in asdict(shares[0])}
    if arguments.json:
        print(json.dumps({"plain": plain, "service": ours, "ratio": asdict(ratio), "shares": mean}))
        return
    print(f"throughput: {ratio.median:.1f} times the plain script's ({ratio.low:.1f} .. {ratio.high:.1f})")
    print("the workers' time: " + ", ".join(f"{name} {100 * share:.1f} %" for name, share in mean.items()))


def plain_script(trials: int, data_dir: Path | None) -> float:
    """Return the seconds that the plain script takes for `trials` trials, its start not counted."""
    command = [sys.executable, "-c", PLAIN, str(trials), *([str(data_dir)] if data_dir else [])]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return float(done.stdout)


def search(trials: int, workers: int, data_dir: Path | None) -> tuple[float, Shares]:
    """Run a search; return its seconds from the start of the command to the end of the last trial, and their shares."""
    with tempfile.TemporaryDirectory() as folder:
        study, url = Path(folder) / "book.toml", f"sqlite:///{folder}/hpo.db"
        study.write_text(STUDY.format(trials=trials), encoding="utf-8")
        command = [sys.executable, "-m", "hpo.run", "--study", str(study), "--storage", url, "--out", folder]
        command += ["--workers", str(workers), *(["--data-dir", str(data_dir)] if data_dir else [])]
        started = time.time()
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        finished = optuna.load_study(study_name="book", storage=url).trials
    begun = datetime.fromtimestamp(started)
    last = max(trial.datetime_complete for trial in finished)
    return (last - begun).total_seconds(), shares_of(finished, begun, last, workers)


def shares_of(trials: Sequence[optuna.trial.FrozenTrial], begun: datetime, last: datetime, workers: int) -> Shares:
    """Return where the time of `workers` went between `begun` and `last`."""
    total = workers * (last - begun).total_seconds()
    of_worker: dict[str, list[optuna.trial.FrozenTrial]] = {}
    for trial in sorted(trials, key=lambda trial: trial.datetime_start):
        of_worker.setdefault(trial.user_attrs["worker"], []).append(trial)
    training = sum(trial.user_attrs["seconds"] for trial in trials)
    claimed = sum((trial.datetime_complete - trial.datetime_start).total_seconds() for trial in trials)
    starting = sum((mine[0].datetime_start - begun).total_seconds() for mine in of_worker.values())
    waiting = sum((last - mine[-1].datetime_complete).total_seconds() for mine in of_worker.values())
    between = total - starting - claimed - waiting
    parts = (starting, training, claimed - training, between, waiting)
    return Shares(*(part / total for part in parts))


if __name__ == "__main__":
    main()
