"""What the tests about mails do to workers, and wait for."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid5

from services.notification.adapters.mailer_folder import FolderMailer
from services.notification.domain.answer import Answer
from services.notification.domain.delivery import Delivery
from services.notification.domain.message import Message
from services.notification.entrypoints.consumer import CONSUMER, TOPICS
from tests.component.notification.conftest import Worker, World
from tests.support.events import DEADLINE_SECONDS, eventually, running
from tests.support.mail import MUG_ORDER

REQUEST = "0190b6a0-0000-7000-8000-0000000000f1"


class SlowMailer(FolderMailer):
    """A mailer that takes its time: something happens while it sends."""

    def __init__(self, folder: Path, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__(folder)
        self._meanwhile = meanwhile

    async def send(self, message: Message) -> Answer:
        await self._meanwhile()
        return await super().send(message)


def order_id(number: int) -> str:
    return str(uuid5(UUID(MUG_ORDER), f"order {number}"))


async def take_in(world: World, worker: Worker, *, until: int, seconds: float = DEADLINE_SECONDS) -> None:
    """Consume until there are as many deliveries."""

    async def all_in() -> bool:
        return await world.count("deliveries") >= until

    async with running(worker.consumer.run()):
        await eventually(all_in, seconds=seconds)


async def caught_up(world: World, worker: Worker) -> None:
    """Consume all that was published before."""

    async def no_lag() -> bool:
        async with world.log.consume(CONSUMER, TOPICS) as subscription:
            return await subscription.lag_seconds() == 0

    async with running(worker.consumer.run()):
        await eventually(no_lag)


async def has_mails(world: World, count: int) -> bool:
    return world.folder.exists() and len(world.mails) == count


async def confirmed(world: World, worker: Worker, number: int = 0, *, until: int = 1) -> None:
    await world.place(order_id(number))
    await world.confirm(order_id(number))
    await take_in(world, worker, until=until)


async def seconds_to_next(worker: Worker) -> float | None:
    """How long until something is due, where nothing can be claimed now."""
    assert not await worker.claims.claim()
    return worker.claims.seconds_to_next


async def sent_once(worker: Worker) -> Delivery:
    [delivery] = await worker.deliver()
    return delivery
