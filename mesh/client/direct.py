"""Connections to the ports of the mesh itself, which never go through a proxy of the environment."""

import ssl
from collections.abc import Mapping

DIRECT = ("grpc.enable_http_proxy", 0)
"""The option of a gRPC channel that ignores `http_proxy`; gRPC would take it for loopback addresses too."""
NO_PROXY = "export no_proxy=localhost,127.0.0.1"
"""What lets other programs reach the mesh directly."""
_PROXIES = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "grpc_proxy")
_LOCAL = frozenset({"localhost", "127.0.0.1"})


def certificates(base_url: str) -> ssl.SSLContext:
    """What a client of an address trusts: nobody, unless it is https."""
    if base_url.startswith("https:"):
        return ssl.create_default_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def proxy_of_localhost(environ: Mapping[str, str]) -> str | None:
    """The variable by which programs such as curl ask a proxy for localhost; None: they go there directly."""
    without = f"{environ.get('no_proxy', '')},{environ.get('NO_PROXY', '')}".replace(" ", "").split(",")
    if "*" in without or _LOCAL.issubset(without):
        return None
    return next((name for name in _PROXIES if environ.get(name)), None)
