"""A process that plays a warehouse's feed from one of its steps on: `feed_process DATABASE_URL STEP`.

It prints the number of each step once it is done, and is killed in the middle of them.
"""

import asyncio
import random
import sys
from dataclasses import dataclass

from services.inventory.domain.wms_update import Count, Delta, Result, StockUpdate
from tests.support.inventory.shop import STAFF, WMS, Shop, open_shop_at

SHELF = ("MUG-RED", "berlin")
STEPS = 400


@dataclass(frozen=True)
class Step:
    """A start of the feed, or an update of the epoch that it began."""

    epoch: int
    update: StockUpdate | None
    book: int


def steps(seed: int = 17) -> list[Step]:
    """What happens, and how many pieces the warehouse has then; after each start it counts."""
    chance, epoch, sequence, book = random.Random(seed), 1, 0, 0
    played: list[Step] = []
    while len(played) < STEPS:
        if sequence and chance.random() < 0.1:
            epoch, sequence = epoch + 1, 0
            played.append(Step(epoch, None, book))
            continue
        sequence += 1
        pieces = chance.randint(1, 9)
        change = Count(pieces) if sequence == 1 or chance.random() < 0.1 else Delta(pieces)
        book = pieces if isinstance(change, Count) else book + pieces
        played.append(Step(epoch, StockUpdate(*SHELF, sequence, change, epoch=epoch), book))
    return played


async def play(database_url: str, first: int) -> None:
    """Do the steps from one on; the first may have been done before."""
    async with open_shop_at(database_url) as shop:
        for number, step in enumerate(steps()[first:], first):
            await _do(shop, step)
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


async def _do(shop: Shop, step: Step) -> None:
    if step.update is None:
        request_id = f"start-{step.epoch}"
        started = shop.feeds.start(SHELF[1], request_id=request_id, reason="restored", actor=STAFF)
        assert await started == step.epoch
    else:
        ack = await shop.wms.apply(step.update, actor=WMS)
        assert ack.result in (Result.APPLIED, Result.DUPLICATE), ack


if __name__ == "__main__":
    asyncio.run(play(sys.argv[1], int(sys.argv[2])))
