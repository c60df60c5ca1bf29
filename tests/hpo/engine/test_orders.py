"""What a crew is told on its standard input: nothing is taken of what comes after, and it may be long."""

from __future__ import annotations

import os
import threading

from hpo.engine.launchers.processes import Ahead, Order, line, read


def test_an_order_of_megabytes_comes_out_at_once_and_takes_nothing_of_what_follows() -> None:
    order = Order("study", "sqlite:///hpo.db", None, 2, trainer={"pickled": "x" * 3_000_000, "name": "ä"})
    ahead = Ahead("study", {"title": "t"}, None)
    reading, writing = os.pipe()
    told = (line(ahead) + line(order) + "\n").encode()
    writer = threading.Thread(target=lambda: (os.write(writing, told), os.close(writing)))
    writer.start()
    try:
        assert read(reading) == ahead
        assert read(reading) == order
        assert os.read(reading, 10) == b"\n", "a nudge"
        assert read(reading) is None
    finally:
        writer.join()
        os.close(reading)
