"""Checkpoints: what comes back, and what is said about a file that holds no network."""

import json

import numpy as np
import pytest

from hpo.models import (
    ConvNetDescription,
    MultiLayerNetDescription,
    build_network,
    load_network,
    network_bytes,
    network_from_bytes,
    save_network,
)

NETWORKS = [
    (MultiLayerNetDescription(hidden=(5, 4), dropout=0.2, initialization=0.01), (6,), np.float32),
    (ConvNetDescription(filters=(2, 3), kernel=3, padding=1, pool="average", hidden=()), (2, 8, 8), np.float64),
    (ConvNetDescription(filters=(2,), convolutions=2, kernel=3, padding=(1, 2), hidden=()), (2, 8, 8), np.float64),
    (MultiLayerNetDescription(hidden=(5, 4), batch_norm=True), (6,), np.float64),
    (ConvNetDescription(filters=(2, 3), kernel=3, padding=1, hidden=(4,), batch_norm=True), (2, 8, 8), np.float32),
]


def small():
    return build_network(MultiLayerNetDescription(hidden=(3,)), (4,), 2, np.random.default_rng(0))


@pytest.mark.parametrize(("description", "input_shape", "dtype"), NETWORKS)
def test_a_network_comes_back_as_it_was(tmp_path, description, input_shape, dtype):
    network = build_network(description, input_shape, 3, np.random.default_rng(0), dtype)
    images = np.random.default_rng(1).random((5, *input_shape))
    network.loss_and_gradient(images, np.arange(5) % 3, np.random.default_rng(2))  # moves the running statistics
    path = tmp_path / "network.npz"
    save_network(path, network)
    loaded = load_network(str(path))
    assert type(loaded) is type(network)
    assert loaded.description == network.description
    assert (loaded.input_shape, loaded.classes, loaded.dtype) == (input_shape, 3, np.dtype(dtype))
    np.testing.assert_array_equal(loaded.params, network.params)
    np.testing.assert_array_equal(loaded.statistics, network.statistics)
    np.testing.assert_array_equal(loaded.logits(images), network.logits(images))


def test_a_network_as_bytes_is_what_a_file_of_it_holds(tmp_path):
    save_network(tmp_path / "network.npz", small())
    content = network_bytes(small())
    assert content == (tmp_path / "network.npz").read_bytes()
    np.testing.assert_array_equal(network_from_bytes(content).params, small().params)


def test_bytes_of_something_else_are_refused_with_what_is_wrong():
    content = network_bytes(small())
    for cut in (0, 10, len(content) - 20):
        with pytest.raises(ValueError, match=rf"a content of {cut} bytes is not a whole file"):
            network_from_bytes(content[:cut])


def test_saving_replaces_the_old_file_and_leaves_no_other(tmp_path):
    path = tmp_path / "network"  # no ending is forced on the name
    save_network(path, small())
    changed = small()
    changed.params[0] = 7
    save_network(path, changed)
    assert [p.name for p in tmp_path.iterdir()] == ["network"]
    assert load_network(path).params[0] == 7


def test_a_failed_save_keeps_the_old_file_whole_and_cleans_up(tmp_path, monkeypatch):
    path = tmp_path / "network.npz"
    save_network(path, small())

    def full_disk(file, **arrays):
        file.write(b"half a file")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="no space left"):
        save_network(path, small())
    assert [p.name for p in tmp_path.iterdir()] == ["network.npz"]
    assert load_network(path).classes == 2


@pytest.mark.parametrize("share", [0, 0.2, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_named_as_such(tmp_path, share):
    path = tmp_path / "network.npz"
    save_network(path, small())
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"network\.npz is not a whole file written by save_network"):
        load_network(path)


def test_flipped_bytes_are_noticed(tmp_path):
    path = tmp_path / "network.npz"
    network = small()
    save_network(path, network)
    content = bytearray(path.read_bytes())
    place = bytes(content).index(network.params.tobytes())
    content[place] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a whole file"):
        load_network(path)


def save_with(path, **changes):
    header = {
        "format": 1,
        "kind": "multi_layer_net",
        "description": {"hidden": [3]},
        "input_shape": [4],
        "classes": 2,
        "dtype": "float32",
    }
    np.savez(path, header=np.array(json.dumps({**header, **changes.pop("header", {})})), **changes)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_text("hello"), "is not a whole file written by save_network"),
        (lambda path: np.savez(path, weights=np.zeros(3)), "is not a whole file written by save_network"),
        (
            lambda path: save_with(path, params=np.zeros(22, np.float32)),
            r"parameters of shape \(22,\).* needs float32 of \(23,\)",
        ),
        (lambda path: save_with(path, params=np.zeros(23)), "holds float64 parameters"),
        (
            lambda path: save_with(
                path, params=np.zeros(26, np.float32), header={"description": {"hidden": [3], "batch_norm": True}}
            ),
            r"holds float32 running statistics of shape \(0,\), this network needs float32 of \(6,\)",
        ),
        (
            lambda path: save_with(path, params=np.zeros(23, np.float32), header={"format": 9}),
            "its format is 9, this version reads 1",
        ),
        (lambda path: save_with(path, params=np.zeros(23, np.float32), header={"kind": "forest"}), "forest"),
        (
            lambda path: save_with(path, params=np.zeros(23, np.float32), header={"description": {"hidden": [0]}}),
            r"hidden\[0\] must be a whole number",
        ),
        (
            lambda path: save_with(path, params=np.zeros(23, np.float32), header={"dtype": "no"}),
            "cannot be rebuilt|can be rebuilt",
        ),
        (lambda path: np.savez(path, header=np.array("[]"), params=np.zeros(3)), "its header is list"),
        (lambda path: np.savez(path, header=np.array([{}], object), params=np.zeros(3)), "is not a whole file"),
    ],
)
def test_a_file_of_something_else_is_refused_with_what_is_wrong(tmp_path, write, message):
    path = tmp_path / "other.npz"
    write(path)
    with pytest.raises(ValueError, match=message):
        load_network(path)


def test_a_file_from_before_batch_normalisation_without_statistics_is_accepted(tmp_path):
    path = tmp_path / "network.npz"
    save_with(path, params=np.zeros(23, np.float32))
    assert load_network(path).params.size == 23


def test_a_folder_is_no_file_with_a_network(tmp_path):
    with pytest.raises(ValueError, match="is not a whole file"):
        load_network(tmp_path)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_network(tmp_path / "nowhere.npz")
