"""Networks as .npz files, on disk or as bytes, that hold the description and all numbers, and no pickled code.

A file may come from anywhere. So it is measured before it is read, and the network that it describes before it is made.
"""

import io
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import numpy as np

from hpo.models.bounds import shown
from hpo.models.building import build_network
from hpo.models.descriptions import NetworkDescription
from hpo.models.members import members_of
from hpo.models.network import Network, Snapshot
from hpo.models.registry import NETWORKS, OLD_NAMES, name_of, network_size
from hpo.models.sizes import MOST_PARAMETERS, NetworkSize

FORMAT = 1
MOST_FILE_BYTES = 2 * 8 * MOST_PARAMETERS
"""Of the largest network in float64, and as much again for its running statistics."""


class NotANetworkError(ValueError):
    """A file or bytes that hold no network which can be rebuilt; the text says what is wrong."""


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
    path = Path(path)
    try:
        if not path.is_file() and path.exists():
            raise _no_whole_file(str(path), ValueError("it is a folder or a device"))
        length = path.stat().st_size
        content = path.read_bytes() if length <= MOST_FILE_BYTES else b""
    except FileNotFoundError:
        raise
    except (OSError, MemoryError) as error:
        raise _no_whole_file(str(path), error) from error
    if length > MOST_FILE_BYTES:
        raise _no_whole_file(str(path), ValueError(f"it has {length:,} bytes, and the largest {MOST_FILE_BYTES:,}"))
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
    header = {
        "format": FORMAT,
        "kind": name_of(network.description),
        "description": asdict(network.description),
        "input_shape": network.input_shape,
        "classes": network.classes,
        "dtype": network.dtype.name,
    }
    np.savez(file, header=np.array(json.dumps(header)), params=network.params, statistics=network.statistics)


def _rebuilt(content: bytes, name: str) -> Network:
    """Return the network in `content`, which messages call `name`; its header, read first, bounds the rest."""
    try:
        with members_of(content) as members:
            header = json.loads(members.text("header"))
    except (ValueError, RecursionError) as error:
        raise _no_whole_file(name, error) from error
    if not isinstance(header, dict):
        raise NotANetworkError(f"{name} is not a file written by save_network: its header is {type(header).__name__}")
    try:
        described = _described(header)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _not_rebuilt(name, error) from error
    try:
        with members_of(content) as members:
            params = members.vector("params", described.size.parameters)
            # Files from before batch normalisation hold no statistics, and their networks need none.
            none = np.zeros(0, params.dtype)
            statistics = members.vector("statistics", described.size.statistics) if "statistics" in members else none
    except ValueError as error:
        raise _no_whole_file(name, error) from error
    try:
        network = described.build()
        network.restore(Snapshot(params, statistics))
    except (ValueError, MemoryError) as error:
        raise _not_rebuilt(name, error) from error
    return network


@dataclass(frozen=True, slots=True)
class _Described:
    """What the header of a file says, checked."""

    description: NetworkDescription
    input_shape: tuple[int, ...]
    classes: int
    dtype: str
    size: NetworkSize

    def build(self) -> Network:
        rng = np.random.default_rng(0)
        return build_network(self.description, self.input_shape, self.classes, rng, self.dtype)


def _described(header: dict[str, Any]) -> _Described:
    """Return what `header` says; KeyError, TypeError or ValueError where it says nothing that can be built."""
    if header["format"] != FORMAT:
        raise ValueError(f"its format is {shown(header['format'])}, this version reads {FORMAT}")
    said = header["kind"]
    kind = OLD_NAMES.get(said, said) if isinstance(said, str) else said
    if not isinstance(kind, str) or kind not in NETWORKS:
        raise ValueError(f"its kind is {shown(said)}; known kinds: {', '.join(NETWORKS)}")
    if header["dtype"] not in ("float32", "float64"):
        raise ValueError(f"its dtype is {shown(header['dtype'])}; networks are float32 or float64")
    fields = {key: _tuples(value) for key, value in dict(header["description"]).items()}
    description = NETWORKS[kind].description(**fields)
    input_shape, classes = tuple(header["input_shape"]), header["classes"]
    size = network_size(description, input_shape, classes)
    size.check()
    return _Described(description, input_shape, classes, header["dtype"], size)


def _not_rebuilt(name: str, error: Exception) -> NotANetworkError:
    why = f"it lacks {error}" if isinstance(error, KeyError) else error
    return NotANetworkError(f"{name} holds no network that can be rebuilt: {why}")


def _no_whole_file(name: str, error: Exception) -> NotANetworkError:
    return NotANetworkError(
        f"{name} is not a whole file written by save_network ({error}); save the network again or name another file"
    )


def _tuples(value: Any) -> Any:
    """Return `value` with JSON's lists as tuples, as descriptions hold them."""
    return tuple(value) if isinstance(value, list) else value
