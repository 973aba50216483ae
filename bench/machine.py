"""What a run was made on: versions, cores, and how fast the disk makes writes durable."""

import os
import platform
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from bench.estimates import percentile

_PACKAGES = (
    *("grpcio", "protobuf", "uvloop", "SQLAlchemy"),
    *("aiosqlite", "asyncmy", "pymongo", "kafka-python", "redis"),
)
_SYNCS = 200
_BLOCK = b"x" * 4096


def describe_machine(folder: Path) -> Mapping[str, Any]:
    """Everything that a figure depends on and that is not in the checkout."""
    syncs = fdatasync_ms(folder)
    return {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "packages": {name: version(name) for name in _PACKAGES},
        "fdatasync_ms": {"p50": percentile(syncs, 50), "p99": percentile(syncs, 99)},
    }


def fdatasync_ms(folder: Path, count: int = _SYNCS) -> list[float]:
    """How long each of some appended blocks took to be durable."""
    times = []
    with TemporaryFile(dir=folder) as file:
        for _ in range(count):
            start = time.perf_counter()
            os.write(file.fileno(), _BLOCK)
            os.fdatasync(file.fileno())
            times.append(1000 * (time.perf_counter() - start))
    return times


def load_average() -> float:
    """How many processes wanted to run, on average over the last minute."""
    return os.getloadavg()[0]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")
