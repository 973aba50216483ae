"""Makes tokens as the provider does, and tokens as an attacker would."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

ISSUER = "http://localhost:8080"
ALICE = "0192f000-0000-7000-8000-00000000a11c"
BOB = "0192f000-0000-7000-8000-000000000b0b"


def _new_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "test", "alg": "ES256", "use": "sig"})


@dataclass(frozen=True, slots=True)
class Mint:
    """A signing key whose public half lies in a mesh's home."""

    home: Path
    key: ECKey = field(default_factory=_new_key)

    def publish(self) -> None:
        """Write the public keys to where services look for them."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.joinpath("jwks.json").write_text(json.dumps(KeySet([self.key]).as_dict(private=False)))

    def user(self, subject: str = ALICE, *scopes: str, **claims: Any) -> str:
        """A user's token."""
        return self.token(sub=subject, client_id="checkout", scope=" ".join(scopes), **claims)

    def service(self, client: str, audience: str) -> str:
        """The token with which a service of the mesh calls another."""
        return self.token(sub=client, client_id=client, aud=f"shopmesh-{audience}")

    def token(self, *, header: dict[str, Any] | None = None, key: ECKey | None = None, **claims: Any) -> str:
        """A token with these claims over the usual ones; None leaves a claim out."""
        now = int(time.time())
        usual = {
            "iss": ISSUER,
            "aud": "shopmesh-api",
            "iat": now,
            "exp": now + 300,
            "jti": f"jti-{time.time_ns()}",
        }
        merged = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode(
            {"alg": "ES256", "typ": "at+jwt", "kid": "test", **(header or {})}, merged, key or self.key
        )


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    """The metadata of a call with this token."""
    return (("authorization", f"Bearer {token}"),)
