"""What every client of Kafka needs: kafka-python, with what it leaves open closed."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

from kafka import KafkaAdminClient
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket

_DIRECT = "direct"
_RECONNECT_MAX_MS = 1000
FETCH_MS = 2000
"""As long as a broker holds a fetch that finds nothing."""


class _ClosingSocket(KafkaNetSocket):  # type: ignore[misc]
    """A direct connection. The library's own leaves its socket open when nobody listens."""

    SCHEMES = (_DIRECT,)

    async def sock_connect(self, net: Any, sock: Any, sockaddr: Any, timeout_at: float | None = None) -> Any:
        try:
            return await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise


def servers_of(url: str) -> list[str]:
    """The brokers of a URL like `kafka://127.0.0.1:50072,127.0.0.1:50082`."""
    return urlsplit(url).netloc.split(",")


def connection(url: str) -> dict[str, Any]:
    """What all clients are made with."""
    return {
        "bootstrap_servers": servers_of(url),
        "proxy_url": f"{_DIRECT}://",
        "reconnect_backoff_max_ms": _RECONNECT_MAX_MS,
    }


class Network:
    """A `kafka_client` that can be closed: one that meets no broker when it is made stays open otherwise."""

    def __init__(self) -> None:
        self._made: list[KafkaNetClient] = []

    def __call__(self, **settings: Any) -> KafkaNetClient:
        self._made.append(KafkaNetClient(**settings))
        return self._made[-1]

    def close(self) -> None:
        """End its threads and sockets; a second call does nothing."""
        for client in self._made:
            client.close()


@contextmanager
def admin(url: str, *, timeout_ms: int) -> Iterator[KafkaAdminClient]:
    """An admin client, closed at the end.

    Raises:
        KafkaError: No broker answered within the time.
    """
    settings = {**connection(url), "bootstrap_timeout_ms": timeout_ms, "request_timeout_ms": timeout_ms}
    with closing(Network()) as client, KafkaAdminClient(**settings, kafka_client=client) as opened:
        yield opened
