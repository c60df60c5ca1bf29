"""Has 400 examples of its own, and trains and scores on those that it is told."""

import json
import random
import sys
from pathlib import Path

rate, seed, until, train, validation, test = sys.argv[1:]
draw = random.Random(0).random
data = [(x, 2 * x + draw()) for x in [draw() for _ in range(500)]]
order = random.Random(int(seed))
slope = 0.0
rows = [int(line) for line in Path(train).read_text().split()]
for _ in range(int(until)):
    x, y = data[order.choice(rows)]
    slope -= float(rate) * (slope * x - y) * x


def rmse(indices: list[int]) -> float:
    return (sum((slope * data[i][0] - data[i][1]) ** 2 for i in indices) / len(indices)) ** 0.5


told = {"rmse": rmse([int(line) for line in Path(validation).read_text().split()]), "train": rmse(rows)}
print(json.dumps(told | ({"test": rmse(list(range(400, 500)))} if test == "1" else {})))
