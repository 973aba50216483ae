"""What differs from one front proxy to another; everything else comes from the contract."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Self

from mesh.settings import MeshSettings, TrustedProxies
from mesh.topology import ENVOY_ADMIN_PORT, ENVOY_PORT

MOST_CONNECTIONS = 10_000


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """The settings of one front proxy.

    Relative paths are meant from the folder in which Envoy is started.

    Attributes:
        home: State of the mesh: `jwks.json` and `secrets/envoy/` are read from it.
        descriptor_set: The contract's descriptor set, for the transcoder.
        static: Folder with the web page's files; None: no page.
        port_offset: Added to every port.
        workers: Processes per service.
        otlp_endpoint: Where spans go, for example `http://127.0.0.1:4317`; None: nowhere.
        span_ratio: Share of requests without a `traceparent` that are sampled, 0 to 1.
        connections: From callers, at most, at once.
        trusted_proxies: Whose entries in X-Forwarded-For are believed, see `MeshSettings`.
    """

    home: Path = Path(".shopmesh")
    descriptor_set: Path = Path("generated/shopmesh/shopmesh.binpb")
    static: Path | None = None
    port_offset: int = 0
    workers: int = 1
    otlp_endpoint: str | None = None
    span_ratio: float = 1.0
    connections: int = MOST_CONNECTIONS
    trusted_proxies: TrustedProxies = 0

    @classmethod
    def of(cls, settings: MeshSettings, *, static: Path | None, connections: int) -> Self:
        """The front proxy of a running mesh, with absolute paths."""
        return cls(
            home=settings.home,
            descriptor_set=Path(str(files("shopmesh").joinpath("shopmesh.binpb"))),
            static=static,
            port_offset=settings.port_offset,
            workers=settings.workers,
            otlp_endpoint=settings.otlp_endpoint,
            span_ratio=settings.span_ratio,
            connections=connections,
            trusted_proxies=settings.trusted_proxies,
        )

    @property
    def port(self) -> int:
        return ENVOY_PORT + self.port_offset

    @property
    def admin_port(self) -> int:
        return ENVOY_ADMIN_PORT + self.port_offset

    @property
    def origin(self) -> str:
        """Where browsers reach it; also the issuer of all tokens."""
        return f"http://localhost:{self.port}"

    @property
    def jwks(self) -> Path:
        """The public keys that verify tokens."""
        return self.home / "jwks.json"

    @property
    def secrets(self) -> Path:
        """The folder of the files that `session.secret_file` describes."""
        return self.home / "secrets" / "envoy"
