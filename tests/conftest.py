"""What all tests share: a small dataset, a small study, and the databases that a contract must hold on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import optuna
import pytest

from tests.support import one_thread  # noqa: F401 - before anything uses NumPy in earnest
from tests.support.servers import Server

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True, scope="session")
def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep a user's settings and cache out of the tests, and the tests out of them."""
    for name in ("HPO_STORAGE", "OPTUNA_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="session")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an .npz dataset of noisy 8x8 prototypes, five classes: learnt in a moment, but not perfectly."""
    rng = np.random.default_rng(7)
    prototypes = rng.integers(0, 256, (5, 8, 8))

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.integers(0, 5, n)
        noisy = prototypes[labels] + rng.normal(0, 260, (n, 8, 8))
        return noisy.clip(0, 255).astype(np.uint8), labels

    (x_train, y_train), (x_test, y_test) = draw(3000), draw(600)
    path = tmp_path_factory.mktemp("data") / "blobs.npz"
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


@pytest.fixture
def blob_study(blobs: Path, tmp_path: Path) -> Path:
    """Return a study file on the blobs whose trials take a noticeable fraction of a second."""
    return write_blob_study(tmp_path / "blob.toml", blobs)


def write_blob_study(path: Path, blobs: Path) -> Path:
    """Write a small complete study on `blobs` to `path`."""
    text = f"""
        title = "a small study"
        [data]
        dataset = {str(blobs)!r}
        holdout = 900
        validation = 300
        confirmation = 400
        [model]
        network = "mlp"
        hidden = [64, 64]
        [training]
        batch_size = 20
        [space.learning_rate]
        log = true
        start = [1e-4, 1e-2]
        limits = [1e-5, 10.0]
        [space.weight_decay]
        log = true
        start = [1e-6, 1e-2]
        limits = [1e-8, 1.0]
        [search]
        groups = 2
        [[rounds]]
        trials = 8
        samples = 200
        epochs = 20
        [[rounds]]
        trials = 8
        samples = 200
        epochs = 20
        [final]
        good_values = 2
        race_runs = 2
        confirmation_runs = 2
        seeds = 2
        epochs = 3
        """
    path.write_text("\n".join(line.strip() for line in text.splitlines()), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start a PostgreSQL server of our own and return its URL without a database; skip where there is none."""
    server = Server()
    yield server.url
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a fresh database, on each backend in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hpo.db'}"
    server = request.getfixturevalue("postgres_server")
    import sqlalchemy as sa  # noqa: PLC0415 - only here

    name = f"test_{abs(hash(request.node.nodeid)) % 10**9}"
    engine = sa.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return f"{server}/{name}"
