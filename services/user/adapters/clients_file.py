"""The OAuth clients of this mesh; their secrets are files."""

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from mesh.settings import MeshSettings
from mesh.topology import SERVICES
from services.user.domain.client import Client, GrantType
from services.user.domain.link import digest

_CALLBACK = "/session/callback"
_USER_GRANTS = frozenset({GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN})
_CLIENT_GRANTS = frozenset({GrantType.CLIENT_CREDENTIALS})


class FileClientRegistry:
    """A fixed set of clients."""

    def __init__(self, clients: Mapping[str, Client]) -> None:
        self._clients = clients

    @classmethod
    def of(cls, settings: MeshSettings) -> "FileClientRegistry":
        """Read the secrets, keep their hashes.

        Raises:
            FileNotFoundError: Nobody has made them.
        """
        clients = [_checkout(settings), _command_line(), _warehouse(settings)]
        clients += [_mesh_service(settings, service) for service in SERVICES]
        return cls({client.client_id: client for client in clients})

    def find(self, client_id: str | None) -> Client | None:
        return self._clients.get(client_id or "")


def _checkout(settings: MeshSettings) -> Client:
    """The browser's back end: the front proxy's oauth2 filter."""
    sites = _sites(settings.issuer)
    return Client(
        client_id="checkout",
        grant_types=_USER_GRANTS,
        secret_hash=_secret_hash(settings, "checkout"),
        redirect_uris=tuple(f"{site}{_CALLBACK}" for site in sites),
        post_logout_redirect_uris=tuple(f"{site}/" for site in sites),
    )


def _command_line() -> Client:
    return Client(client_id="cli", grant_types=_USER_GRANTS, loopback_path="/callback")


def _warehouse(settings: MeshSettings) -> Client:
    return Client(
        client_id="wms",
        grant_types=_CLIENT_GRANTS,
        secret_hash=_secret_hash(settings, "wms"),
        scopes=frozenset({"wms"}),
    )


def _mesh_service(settings: MeshSettings, service: str) -> Client:
    return Client(
        client_id=service,
        grant_types=_CLIENT_GRANTS,
        secret_hash=_secret_hash(settings, service),
        is_mesh_service=True,
    )


def _sites(issuer: str) -> tuple[str, ...]:
    """The front proxy by both of its loopback names."""
    parts = urlsplit(issuer)
    names = ("localhost", "127.0.0.1")
    return tuple(urlunsplit((parts.scheme, f"{name}:{parts.port}", "", "", "")) for name in names)


def _secret_hash(settings: MeshSettings, client_id: str) -> str:
    return digest(settings.client_secret(client_id).read_text().strip())
