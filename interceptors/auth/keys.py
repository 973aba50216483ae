"""The public keys that verify tokens, from a file that another process replaces."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from joserfc.jwk import ECKey

_LEAST_SECONDS_BETWEEN_READS = 1.0


class KeysUnavailable(Exception):
    """There is no key set at all, so no token can be judged."""


class KeyFile:
    """A JWKS file (RFC 7517), read again when it changed or a key id is unknown.

    Looks at the file at most once a second, so that made-up key ids cost nothing.
    """

    def __init__(self, path: Path, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._monotonic = monotonic
        self._keys: dict[str, ECKey] = {}
        self._read_at = float("-inf")
        self._modified_ns = 0

    def key(self, key_id: str) -> ECKey | None:
        """The key with this id, or None.

        Raises:
            KeysUnavailable: There is no usable key set.
        """
        if self._is_due():
            self._refresh()
        if not self._keys:
            raise KeysUnavailable(f"no key set at {self._path.name}")
        return self._keys.get(key_id)

    def _is_due(self) -> bool:
        return self._monotonic() - self._read_at >= _LEAST_SECONDS_BETWEEN_READS

    def _refresh(self) -> None:
        self._read_at = self._monotonic()
        try:
            modified_ns = self._path.stat().st_mtime_ns
            if modified_ns != self._modified_ns:
                described = json.loads(self._path.read_bytes())["keys"]
                self._keys = {each["kid"]: ECKey.import_key(each) for each in described}
                self._modified_ns = modified_ns
        except (OSError, ValueError, KeyError):
            return
