"""The same token buckets in a Redis-protocol server, shared by all workers."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from redis.asyncio import Redis

from interceptors.core.redis_client import SERVER_AWAY, closing
from interceptors.rate_limit.gcra import LocalLimiter, Rate
from mesh.contract import LimitClass

_log = structlog.get_logger()

_SCRIPT = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local interval, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2])
-- Further ahead than a full bucket: the server's clock was set back.
local known = math.min(tonumber(redis.call('GET', KEYS[1]) or now), now + tolerance)
local arrival = math.max(known, now) + interval
local wait = arrival - now - tolerance
if wait > 0.000001 then return tostring(wait) end
redis.call('SET', KEYS[1], string.format('%.6f', arrival), 'PX', math.ceil((arrival - now) * 1000) + 1)
return '0'
"""
_TIMEOUT_SECONDS = 0.05
_PAUSE_SECONDS = 1.0


class RedisLimiter:
    """Counts on the server's clock; while the server is silent, counts in the process.

    Nothing is ever let through uncounted: a dead server costs precision, not safety.
    """

    def __init__(
        self, *, redis: Redis, fallback: LocalLimiter, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._script = redis.register_script(_SCRIPT)
        self._fallback = fallback
        self._monotonic = monotonic
        self._silent_until = float("-inf")

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, *, fallback: LocalLimiter) -> AsyncIterator["RedisLimiter"]:
        """A limiter with connections of its own, closed at the end."""
        client = Redis.from_url(url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)
        async with closing(client) as redis:
            yield cls(redis=redis, fallback=fallback)

    async def admit(self, limit: LimitClass, key: str) -> float:
        if self._monotonic() < self._silent_until:
            return self._fallback.admit(limit, key)
        rate = Rate.of(limit)
        try:
            wait = await self._script(
                keys=[f"limit:{limit.name}:{key}"], args=[rate.interval, rate.tolerance]
            )
            return float(wait)
        except SERVER_AWAY as error:
            self._silent_until = self._monotonic() + _PAUSE_SECONDS
            _log.warning("rate limits are counted in the process", error=type(error).__name__)
            return self._fallback.admit(limit, key)
