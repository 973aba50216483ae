"""Notifications of outdated keys among the processes of a service (Redis publish and subscribe)."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

import structlog
from redis.asyncio import Redis

from interceptors.core.redis_client import SERVER_AWAY, closing
from mesh.concurrency.cancellation import redeliver_cancellation

_PAUSE_SECONDS = 1.0
_LISTEN_SECONDS = 5.0

_log = structlog.get_logger()


def message_of(sender: str, keys: Iterable[str]) -> str:
    """The keys that were invalidated, and by whom."""
    return " ".join((sender, *keys))


async def follow_invalidations(
    url: str,
    channel: str,
    *,
    sender: str,
    forget: Callable[[Sequence[str]], None],
    forget_all: Callable[[], None],
) -> None:
    """Forget what other processes have invalidated; never returns.

    What this process has said itself, as `sender`, is passed over. Whatever was said while nobody listened is
    lost: each new beginning forgets everything.
    """
    while True:
        async with redeliver_cancellation():
            try:
                await _listen(url, channel, sender, forget, forget_all)
            except SERVER_AWAY as error:
                _log.warning("invalidations of other processes are not heard", error=type(error).__name__)
        await asyncio.sleep(_PAUSE_SECONDS)


async def _listen(
    url: str,
    channel: str,
    sender: str,
    forget: Callable[[Sequence[str]], None],
    forget_all: Callable[[], None],
) -> None:
    async with (
        closing(Redis.from_url(url, socket_timeout=None, health_check_interval=_LISTEN_SECONDS)) as redis,
        redis.pubsub() as subscription,
    ):
        await subscription.subscribe(channel)
        while True:
            async with redeliver_cancellation():
                message = await subscription.get_message(timeout=_LISTEN_SECONDS)
            match message:
                case {"type": "subscribe"}:
                    forget_all()
                case {"type": "message", "data": bytes(data)}:
                    by, *keys = data.decode().split(" ")
                    if by != sender:
                        forget(keys)
