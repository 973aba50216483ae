"""An HTTP client for the ports of the mesh itself, which keeps its connections."""

from typing import Any

import httpx

from mesh.client.direct import certificates


def http_client(base_url: str = "", **options: Any) -> httpx.AsyncClient:
    """A client that ignores the environment's proxies.

    Args:
        base_url: What its paths begin with. Only for https are certificates loaded, which takes longer than
            a request; a client without them refuses https.
        options: See `httpx.AsyncClient`.
    """
    return httpx.AsyncClient(base_url=base_url, trust_env=False, verify=certificates(base_url), **options)
