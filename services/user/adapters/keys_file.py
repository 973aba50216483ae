"""Keys and client secrets as files: made once, readable by their owner only.

The signing key is a JWK set: its first key signs, the others verify until the
tokens that they signed have expired.
"""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from joserfc.jwk import ECKey

from mesh.server.secret_files import create_once, replace_file
from mesh.settings import MeshSettings
from mesh.topology import SERVICES

_SECRET_CLIENTS = (*SERVICES, "wms", "checkout")
_KEPT_KEYS = 3


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """Where the keys are."""

    signing: Path
    server: Path
    public: Path
    clients: tuple[Path, ...]

    @classmethod
    def of(cls, settings: MeshSettings) -> Self:
        return cls(
            signing=settings.secrets / "signing-key.json",
            server=settings.secrets / "token-server.key",
            public=settings.jwks_file,
            clients=tuple(settings.client_secret(client) for client in _SECRET_CLIENTS),
        )

    def ensure(self) -> None:
        """Make what is missing; several processes may do so at once."""
        for folder in (self.signing.parent, self.clients[0].parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
        create_once(self.signing, _key_set([_new_key()], private=True))
        create_once(self.server, secrets.token_hex(32))
        for path in self.clients:
            create_once(path, secrets.token_urlsafe(32))
        self.publish()

    def rotate(self) -> None:
        """Sign with a new key from the next start on; the old ones still verify."""
        keys = [_new_key(), *self._keys()][:_KEPT_KEYS]
        replace_file(self.signing, _key_set(keys, private=True), mode=0o600)
        self.publish()

    def publish(self) -> None:
        """Write the public keys, if they changed."""
        text = _key_set(self._keys(), private=False)
        if not self.public.exists() or self.public.read_text() != text:
            replace_file(self.public, text, mode=0o644)

    def read(self) -> "Keyring":
        """Read the keys; only the user service does.

        Raises:
            FileNotFoundError: Nobody has made them.
        """
        return Keyring(tuple(self._keys()), bytes.fromhex(self.server.read_text().strip()))

    def _keys(self) -> list[ECKey]:
        return [ECKey.import_key(key) for key in json.loads(self.signing.read_text())["keys"]]


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys in use; the first one signs.

    Attributes:
        server_key: Secret of the refresh tokens' successors and of other MACs.
    """

    keys: tuple[ECKey, ...]
    server_key: bytes

    @property
    def signing(self) -> ECKey:
        return self.keys[0]

    @property
    def public(self) -> dict[str, Any]:
        """The JWK set for everybody."""
        return {"keys": [key.as_dict(private=False) for key in self.keys]}

    def find(self, kid: str) -> ECKey | None:
        return next((key for key in self.keys if key.kid == kid), None)


def _new_key() -> ECKey:
    key = ECKey.generate_key("P-256", private=True)
    named = {**key.as_dict(private=True), "kid": key.thumbprint(), "use": "sig", "alg": "ES256"}
    return ECKey.import_key(named)


def _key_set(keys: list[ECKey], *, private: bool) -> str:
    return json.dumps({"keys": [key.as_dict(private=private) for key in keys]}, indent=2) + "\n"
