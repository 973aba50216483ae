"""Tokens of demo accounts, renewed before they expire; while the provider is away the last one goes on."""

import threading
import time
from dataclasses import dataclass, field

from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

_RENEW_SECONDS = 150.0
_AWAY_SECONDS = 120.0


@dataclass(slots=True)
class Tokens:
    """Of any thread."""

    mesh: RunningMesh
    _kept: dict[str, tuple[str, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, name: str) -> str:
        """A token of an account."""
        with self._lock:
            token, renew_time = self._kept.get(name, ("", 0.0))
            if time.monotonic() < renew_time:
                return token
            if not token:
                until(lambda: bool(self._asked(name)), f"a token for {name}", seconds=_AWAY_SECONDS)
                return self._kept[name][0]
            return self._asked(name) or token

    def _asked(self, name: str) -> str:
        answer = self.mesh.run("token", "--as", name, check=False)
        if answer.returncode != 0:
            return ""
        self._kept[name] = answer.stdout.strip(), time.monotonic() + _RENEW_SECONDS
        return self._kept[name][0]
