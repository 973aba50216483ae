"""OAuth clients, and what each of them may do."""

from dataclasses import dataclass
from enum import Enum
from hmac import compare_digest
from urllib.parse import SplitResult, urlsplit

from services.user.domain.link import digest

_LOOPBACK_HOSTS = ("127.0.0.1", "[::1]")


class GrantType(Enum):
    """The grants that we know (RFC 6749 §1.3, §1.5)."""

    AUTHORIZATION_CODE = "authorization_code"
    CLIENT_CREDENTIALS = "client_credentials"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client.

    Attributes:
        secret_hash: Hash of its random secret; empty for a public client.
        redirect_uris: Exactly these are redirected to (RFC 9700 §2.1).
        loopback_path: A public client on the user's machine may take any loopback
            port with this path (RFC 8252 §7.3); empty for others.
        post_logout_redirect_uris: Where a logout may lead.
        scopes: The scopes of its own tokens (client credentials).
        is_mesh_service: Whether it is a service of this mesh.
    """

    client_id: str
    grant_types: frozenset[GrantType]
    secret_hash: str = ""
    redirect_uris: tuple[str, ...] = ()
    loopback_path: str = ""
    post_logout_redirect_uris: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()
    is_mesh_service: bool = False

    @property
    def is_public(self) -> bool:
        """Whether it cannot keep a secret."""
        return not self.secret_hash

    def has_secret(self, secret: str) -> bool:
        return not self.is_public and compare_digest(self.secret_hash, digest(secret))

    def may_redirect_to(self, uri: str) -> bool:
        return uri in self.redirect_uris or self._is_own_loopback(uri)

    def _is_own_loopback(self, uri: str) -> bool:
        parts = _split(uri)
        if not self.loopback_path or parts is None:
            return False
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        # Rebuilding it refuses user info, queries, fragments and odd spellings.
        return host in _LOOPBACK_HOSTS and uri == f"http://{host}:{parts.port}{self.loopback_path}"


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        return parts if parts.port else None
    except ValueError:
        return None
