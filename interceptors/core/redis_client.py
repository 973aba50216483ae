"""A client of a Redis-protocol server, which may be away at any time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

SERVER_AWAY = (RedisError, OSError, RuntimeError)
"""RuntimeError is what uvloop says of a connection that is closed already; redis-py passes it on."""


@asynccontextmanager
async def closing(redis: Redis) -> AsyncIterator[Redis]:
    """Close a client at the end, whether or not its server takes part in that."""
    try:
        yield redis
    finally:
        with suppress(*SERVER_AWAY):
            await redis.aclose()
