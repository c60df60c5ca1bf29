"""What the numbers were measured on: processor, versions, threads, and how fast one core multiplies matrices."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info


def describe_machine() -> dict[str, object]:
    """Return the processor's name and the versions of what is compared."""
    return {
        "cpu": _cpu_model(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": [f"{pool['internal_api']} {pool['version']}" for pool in threadpool_info()],
        "torch": installed_version("torch"),
        "scikit-learn": installed_version("scikit-learn"),
    }


def installed_version(package: str) -> str | None:
    """Return the version of `package`, None if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_one_thread() -> None:
    """Raise RuntimeError unless every pool of threads that is loaded has one."""
    for pool in threadpool_info():
        if pool["num_threads"] != 1:
            raise RuntimeError(f"{pool['filepath']} runs {pool['num_threads']} threads: ratios are of one thread each")


def measure_sgemm(size: int = 1024, times: int = 6) -> float:
    """Return the flops a second of a float32 product of two matrices (size, size), the best of `times`."""
    rng = np.random.default_rng(0)
    left, right = rng.random((size, size), dtype=np.float32), rng.random((size, size), dtype=np.float32)
    out = np.empty_like(left)
    np.matmul(left, right, out=out)
    best = np.inf
    for _ in range(times):
        started = time.perf_counter()
        np.matmul(left, right, out=out)
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best


def _cpu_model() -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
