"""Small tables as people keep them: rooms, area, town, with a price or a class to predict."""

from pathlib import Path

import numpy as np
import pandas as pd


def houses(count: int = 120, seed: int = 0) -> pd.DataFrame:
    """Return `count` rows with two columns of numbers, one of text and one of true/false; a price and a sold column."""
    rng = np.random.default_rng(seed)
    rooms, area = rng.integers(1, 6, count), rng.normal(80, 10, count).round(3)
    town = rng.choice(["Ulm", "Bonn", "Kiel"], count)
    price = (rooms * 20 + area + 30 * (town == "Ulm") + rng.normal(0, 3, count)).round(2)
    return pd.DataFrame(
        {
            "rooms": rooms,
            "area": area,
            "town": town,
            "garden": rng.random(count) < 0.5,
            "price": price,
            "sold": np.where(price > np.median(price), "late", "soon"),
        }
    )


def write(frame: pd.DataFrame, path: Path) -> Path:
    """Write `frame` to `path`, CSV or Parquet by its ending, and return it."""
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path
