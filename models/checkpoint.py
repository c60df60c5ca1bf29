"""Networks as .npz files, on disk or as bytes, that hold the description and all numbers, and no pickled code."""

import io
import json
import os
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import numpy as np

from hpo.models.building import build_network
from hpo.models.descriptions import ConvNetDescription, MultiLayerNetDescription, NetworkDescription
from hpo.models.network import Network, Snapshot

FORMAT = 1
KINDS: dict[str, type[NetworkDescription]] = {
    "multi_layer_net": MultiLayerNetDescription,
    "conv_net": ConvNetDescription,
}


def save_network(path: str | os.PathLike[str], network: Network) -> None:
    """Write `network` to `path`, whole or not at all: a reader, or a crash, never meets half a file."""
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        with unfinished.open("wb") as file:
            _write(file, network)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def load_network(path: str | os.PathLike[str]) -> Network:
    """Return the network that `save_network` wrote to `path`.

    Raises FileNotFoundError if there is none, ValueError if the file is truncated, altered or something else.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _no_whole_file(str(path), error) from error
    return _rebuilt(content, str(path))


def network_bytes(network: Network) -> bytes:
    """Return what `save_network` would write; equal networks give equal bytes."""
    file = io.BytesIO()
    _write(file, network)
    return file.getvalue()


def network_from_bytes(content: bytes) -> Network:
    """Return the network that `network_bytes` put into `content`; ValueError as for `load_network`."""
    return _rebuilt(content, f"a content of {len(content)} bytes")


def _write(file: IO[bytes], network: Network) -> None:
    kind = next(name for name, described in KINDS.items() if isinstance(network.description, described))
    header = {
        "format": FORMAT,
        "kind": kind,
        "description": asdict(network.description),
        "input_shape": network.input_shape,
        "classes": network.classes,
        "dtype": network.dtype.name,
    }
    np.savez(file, header=np.array(json.dumps(header)), params=network.params, statistics=network.statistics)


def _rebuilt(content: bytes, name: str) -> Network:
    """Return the network in `content`, which messages call `name`."""
    header, snapshot = _read(content, name)
    try:
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']}, this version reads {FORMAT}")
        description = KINDS[header["kind"]](**{key: _tuples(value) for key, value in header["description"].items()})
        network = build_network(
            description, tuple(header["input_shape"]), header["classes"], np.random.default_rng(0), header["dtype"]
        )
        network.restore(snapshot)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{name} holds no network that can be rebuilt: {error}") from error
    return network


def _read(content: bytes, name: str) -> tuple[dict[str, Any], Snapshot]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            header, params = json.loads(str(stored["header"])), stored["params"]
            # Files from before batch normalisation hold no statistics, and their networks need none.
            statistics = stored["statistics"] if "statistics" in stored else np.zeros(0, params.dtype)
    except (OSError, EOFError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise _no_whole_file(name, error) from error
    if not isinstance(header, dict):
        raise ValueError(f"{name} is not a file written by save_network: its header is {type(header).__name__}")
    return header, Snapshot(params, statistics)


def _no_whole_file(name: str, error: Exception) -> ValueError:
    return ValueError(
        f"{name} is not a whole file written by save_network ({error}); save the network again or name another file"
    )


def _tuples(value: Any) -> Any:
    """Return `value` with JSON's lists as tuples, as descriptions hold them."""
    return tuple(value) if isinstance(value, list) else value
