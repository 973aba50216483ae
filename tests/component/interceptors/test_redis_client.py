"""A client of a Redis-protocol server is closed without an error."""

import pytest
from redis.asyncio import Connection, Redis
from redis.exceptions import TimeoutError as RedisTimeoutError

from interceptors.core.redis_client import closing
from tests.support.valkey import Valkey


class SlowToClose(Connection):
    """Has no time for closing, as within an event loop that is busy just then."""

    async def disconnect(self, *args: object, **options: object) -> None:
        self.socket_connect_timeout = 0
        await super().disconnect(*args, **options)  # type: ignore[arg-type]


async def test_a_connection_that_takes_too_long_to_close_is_no_error(valkey: Valkey) -> None:
    slow = Redis.from_url(valkey.url, connection_class=SlowToClose)
    await slow.ping()
    with pytest.raises(RedisTimeoutError):
        await slow.connection_pool.disconnect()

    async with closing(Redis.from_url(valkey.url, connection_class=SlowToClose)) as redis:
        assert await redis.ping()
