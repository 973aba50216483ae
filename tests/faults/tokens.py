"""Tokens of demo accounts, renewed before they expire; until there is another one the last one goes on."""

import threading
import time
from dataclasses import dataclass, field

from mesh.launcher.errors import LaunchError
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

_RENEW_SECONDS = 150.0
_AWAY_SECONDS = 120.0


@dataclass(slots=True)
class _Kept:
    token: str
    renew_time: float
    is_asked_for: bool = False


@dataclass(slots=True)
class Tokens:
    """Of any thread; nobody waits for the provider but for the first one."""

    mesh: RunningMesh
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, name: str) -> str:
        """A token of an account."""
        with self._lock:
            if name not in self._kept:
                until(lambda: self._ask(name), f"a token for {name}", seconds=_AWAY_SECONDS)
            kept = self._kept[name]
            if time.monotonic() >= kept.renew_time and not kept.is_asked_for:
                kept.is_asked_for = True
                threading.Thread(target=self._renew, args=(name,)).start()
            return kept.token

    def _renew(self, name: str) -> None:
        try:
            self._ask(name)
        finally:
            self._kept[name].is_asked_for = False

    def _ask(self, name: str) -> bool:
        try:
            token = self.mesh.token(name)
        except LaunchError:
            return False
        self._kept[name] = _Kept(token, time.monotonic() + _RENEW_SECONDS)
        return True
