"""What every client of Kafka needs: kafka-python, with what it leaves open closed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from kafka import KafkaAdminClient
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket

RECONNECT_MAX_MS = 1000
_DIRECT = "direct"


class _ClosingSocket(KafkaNetSocket):  # type: ignore[misc]
    """A direct connection. The library's own leaves its socket open when nobody listens."""

    SCHEMES = (_DIRECT,)

    async def sock_connect(self, net: Any, sock: Any, sockaddr: Any, timeout_at: float | None = None) -> Any:
        try:
            return await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise


def connection(url: str) -> dict[str, Any]:
    """What all clients are made with, for a URL like `kafka://127.0.0.1:50072,127.0.0.1:50082`."""
    return {
        "bootstrap_servers": urlsplit(url).netloc.split(","),
        "proxy_url": f"{_DIRECT}://",
        "reconnect_backoff_max_ms": RECONNECT_MAX_MS,
    }


@contextmanager
def admin(url: str, *, timeout_ms: int) -> Iterator[KafkaAdminClient]:
    """An admin client, closed at the end also where no broker answers.

    Raises:
        KafkaError: No broker answered within the time.
    """
    clients: list[KafkaNetClient] = []

    def client(**settings: Any) -> KafkaNetClient:
        clients.append(KafkaNetClient(**settings))
        return clients[-1]

    try:
        with KafkaAdminClient(
            **connection(url),
            bootstrap_timeout_ms=timeout_ms,
            request_timeout_ms=timeout_ms,
            kafka_client=client,
        ) as opened:
            yield opened
    finally:
        # A start that fails leaves its thread running.
        for made in clients:
            made.close()
