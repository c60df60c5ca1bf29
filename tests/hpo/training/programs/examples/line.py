"""Fits a line to noisy points; goes on from its checkpoint, and counts its steps in the file STEPS."""

import json
import math
import random
import sys
from pathlib import Path

run, saved = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[3]) / "state.json"
a, b = json.loads(saved.read_text()) if saved.exists() else (0.0, 0.0)
draw = random.Random(run["seed"]).random
points = [(x, 3 * x + 1 + 0.1 * draw()) for x in [draw() for _ in range(60)]]
for _ in range(run["from"], run["until"]):
    for x, y in points[:40]:
        error = a * x + b - y
        a -= run["config"]["learning_rate"] * (error * x + run["config"]["decay"] * a)
        b -= run["config"]["learning_rate"] * error
saved.write_text(json.dumps([a, b]))
rmse = [math.sqrt(sum((a * x + b - y) ** 2 for x, y in part) / len(part)) for part in (points[40:], points[:40])]
with Path(sys.argv[2]).open("a") as steps:
    steps.write("x" * (run["until"] - run["from"]))
print(json.dumps({"rmse": rmse[0], "train": rmse[1]}))
