"""A mesh with narrow limits, for tests that use them up, stop services or move files."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from tests.support.running_mesh import RunningMesh, up
from tests.support.waiting import until

EDGE_BURST = 600
WRITE_BURST = 3
_CLASSES = {
    "edge": {"rate_per_minute": 1, "burst": EDGE_BURST},
    "write": {"rate_per_minute": 1, "burst": WRITE_BURST},
}


@contextmanager
def strict_mesh(folder: Path) -> Iterator[RunningMesh]:
    """Bring up a mesh of one's own."""
    limits = folder / "strict-limits.yaml"
    limits.write_text(json.dumps({"classes": _CLASSES}))
    with up(folder / "home", SHOPMESH_LIMITS_FILE=str(limits)) as mesh:
        yield mesh


@contextmanager
def paused(mesh: RunningMesh, service: str) -> Iterator[None]:
    """Make a service silent: it keeps its connections and answers nothing."""
    pid = pid_of(mesh, service)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def restart(mesh: RunningMesh, *services: str, how: signal.Signals = signal.SIGTERM) -> None:
    """End services' processes and wait until their successors are ready."""
    ended = {service: pid_of(mesh, service) for service in services}
    for pid in ended.values():
        os.kill(pid, how)

    def are_back() -> bool:
        parts = mesh.parts()
        return all(part["state"] == "ready" for part in parts.values()) and all(
            parts[service]["pid"] != pid for service, pid in ended.items()
        )

    until(are_back, f"{', '.join(services)} are back", seconds=60)


def pid_of(mesh: RunningMesh, service: str) -> int:
    return int(mesh.parts()[service]["pid"])


@dataclass(frozen=True, slots=True)
class Forger:
    """Signs tokens with the mesh's own key, whatever they say."""

    key: ECKey

    @classmethod
    def of(cls, mesh: RunningMesh) -> "Forger":
        keys = json.loads((mesh.home / "secrets" / "signing-key.json").read_text())["keys"]
        return cls(ECKey.import_key(keys[0]))

    def token(self, genuine: str, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token that says what a genuine one says, but for these claims."""
        said = jwt.decode(genuine, self.key).claims
        usual = {"alg": "ES256", "typ": "at+jwt", "kid": self.key.kid}
        return jwt.encode({**usual, **(header or {})}, {**said, **claims}, self.key)
