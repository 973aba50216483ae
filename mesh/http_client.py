"""HTTP clients for the ports of the mesh itself: no proxy, and no certificates where none are needed."""

import ssl
from typing import Any

import httpx


def http_client(base_url: str = "", **options: Any) -> httpx.AsyncClient:
    """A client that goes straight to its address, whatever proxy the environment names.

    Args:
        base_url: What its paths begin with. Only for https are certificates loaded, which takes longer than
            a request; a client without them refuses https.
        options: See `httpx.AsyncClient`.
    """
    return httpx.AsyncClient(base_url=base_url, trust_env=False, verify=certificates(base_url), **options)


def certificates(base_url: str) -> ssl.SSLContext:
    """What a client of an address trusts: nobody, unless it is https."""
    if base_url.startswith("https:"):
        return ssl.create_default_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
