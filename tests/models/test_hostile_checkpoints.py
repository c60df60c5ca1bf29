"""Files that claim to hold a network: a ValueError says what is wrong, nothing runs, nothing large is made."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo.models import (
    NETWORKS,
    MultiLayerNetDescription,
    build_network,
    load_network,
    network_bytes,
    network_from_bytes,
)

GOOD = network_bytes(build_network(MultiLayerNetDescription(hidden=(3,)), (4,), 2, np.random.default_rng(0)))


def npy(header: str, data: bytes = b"") -> bytes:
    """Return a member whose header is `header`, as NumPy would evaluate it."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(text)) + text + data


def packed(kind: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def members(**changes: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        return {name.removesuffix(".npy"): archive.read(name) for name in archive.namelist()} | changes


def described(**changes: Any) -> bytes:
    """Return a file whose header says what a good one says, but for `changes`."""
    header = {
        "format": 1,
        "kind": "convnet",
        "description": {},
        "input_shape": [1, 28, 28],
        "classes": 10,
        "dtype": "float32",
    }
    file = io.BytesIO()
    np.savez(file, header=np.array(json.dumps(header | changes)), params=np.zeros(3, np.float32))
    return file.getvalue()


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("code-was-run",)


HOSTILE = {
    "nested parentheses": packed(**members(params=npy("(" * 50_000 + ")" * 50_000))),
    "minus signs": packed(**members(params=npy("-" * 100_000 + "1"))),
    "nested brackets in the description": packed(**members(header=npy("[" * 9_000))),
    "a raw pickle": packed(**members(params=pickle.dumps(Evil()))),
    "a pickled array": packed(
        **members(params=npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", pickle.dumps(Evil())))
    ),
    "a shape of 10^12": packed(**members(params=npy("{'descr': '<f4', 'fortran_order': False, 'shape': (10**12,), }"))),
    "a bomb": packed(zipfile.ZIP_DEFLATED, **members(params=bytes(50_000_000))),
    "a bomb for a header": packed(zipfile.ZIP_DEFLATED, **members(header=bytes(50_000_000))),
    "no member": packed(),
    "no numbers": packed(header=members()["header"]),
    "10^9 convolutions": described(description={"convolutions": 10**9}),
    "10^9 units": described(kind="mlp", description={"hidden": [10**9]}),
    "a million layers": described(kind="mlp", description={"hidden": [1] * 20_000}),
    "a hundred wide layers": described(kind="mlp", description={"hidden": [1_000_000] * 100}),
    "a kernel of 10^9": described(description={"kernel": 10**9}),
    "padding that swells": described(
        description={"filters": [1] * 32, "convolutions": 32, "kernel": 1, "padding": 1000, "pool": "none"}
    ),
    "an image of 10^18": described(input_shape=[1, 10**9, 10**9]),
    "10^12 classes": described(classes=10**12),
    "an image of nothing": described(input_shape=[]),
    "a shape of texts": described(input_shape=["a", "b"]),
    "a shape that is none": described(input_shape=None),
    "a description that is a list": described(description=[1, 2]),
    "a description of a foreign field": described(description={"evil": 1}),
    "a dtype of objects": described(dtype="object"),
    "a kind of lists": described(kind=["mlp"]),
    "no kind": described(kind=None),
    "format": described(format=[[1]]),
    "infinite dropout": described(description={"dropout": float("inf")}),
    "nothing": b"",
    "text": b"hello",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_in_a_sentence_without_memory_and_without_running_code(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "network.npz"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"is not a|can be rebuilt") as caught:
            load_network(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20e6 + 2 * len(content)
    assert len(str(caught.value)) < 1_000
    assert [each.name for each in tmp_path.iterdir()] == ["network.npz"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(1, 255)), min_size=1, max_size=8))
def test_mutated_bytes_give_a_network_or_a_value_error_and_nothing_else(flips: list[tuple[int, int]]) -> None:
    content = bytearray(GOOD)
    for place, change in flips:
        content[place] ^= change
    with suppress(ValueError):
        assert network_from_bytes(bytes(content)).classes == 2


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["format", "kind", "description", "input_shape", "classes", "dtype"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["hidden", "kernel", "x"]), inner)
            ),
            max_leaves=6,
        ),
        min_size=1,
    )
)
def test_a_header_of_anything_gives_a_value_error(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is not a|can be rebuilt"):
        network_from_bytes(described(**changes))


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_an_endless_device_is_not_read(device: str) -> None:
    with pytest.raises(ValueError, match="a folder or a device"):
        load_network(device)


@pytest.mark.parametrize(("old", "description"), [("multi_layer_net", {"hidden": [3]}), ("conv_net", {"filters": [2]})])
def test_a_network_of_an_earlier_version_still_loads(old: str, description: dict[str, Any]) -> None:
    shape = (12, 12)
    new = {"multi_layer_net": "mlp", "conv_net": "convnet"}[old]
    made = {name: tuple(value) for name, value in description.items()}
    network = build_network(NETWORKS[new].description(**made), shape, 3, np.random.default_rng(0))
    file = io.BytesIO()
    header = {
        "format": 1,
        "kind": old,
        "description": description,
        "input_shape": list(shape),
        "classes": 3,
        "dtype": "float32",
    }
    np.savez(file, header=np.array(json.dumps(header)), params=network.params)
    loaded = network_from_bytes(file.getvalue())
    assert loaded.description == network.description
    np.testing.assert_array_equal(loaded.params, network.params)
