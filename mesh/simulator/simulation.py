"""A warehouse that reports to the shop what happens in it, at a rate, with faults."""

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from mesh.simulator.faults import FaultInjector, FaultProfile
from mesh.simulator.picking import PickedLine, Picker, PickFaults
from mesh.simulator.transports import Transport
from mesh.simulator.warehouse import Warehouse
from shopmesh.inventory.v1 import wms_service_pb2 as pb

_LONGEST_SILENCE_SECONDS = 2.0
_BATCH_SECONDS = 0.25
_MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is reported, and how.

    Attributes:
        rate: Updates a second.
        count: How many things happen.
        faults: How badly the warehouse system behaves.
        shipped: Orders that the first counts name: their pieces have left.
        picked: Lines of orders that are picked among all else that happens.
        pick_faults: What goes wrong with them.
    """

    rate: float
    count: int
    faults: FaultProfile
    shipped: Sequence[str] = ()
    picked: Sequence[PickedLine] = ()
    pick_faults: PickFaults = field(default_factory=PickFaults)


@dataclass(slots=True)
class Tally:
    """What became of it; `resent` are updates said again because the shop named a gap."""

    happened: int = 0
    sent: int = 0
    resent: int = 0
    results: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


class Simulation:
    """Plays a plan. All that has happened is acknowledged by the shop in the end."""

    def __init__(
        self,
        *,
        warehouse: Warehouse,
        transport: Transport,
        plan: Plan,
        chance: random.Random,
        monotonic: Callable[[], float],
    ) -> None:
        self._warehouse = warehouse
        self._transport = transport
        self._plan = plan
        self._chance = chance
        self._monotonic = monotonic
        self._injector = FaultInjector(plan.faults, chance)
        self._picker = Picker(plan.picked, plan.pick_faults, chance)
        self.tally = Tally()

    async def run(self) -> Tally:
        """Count every shelf, let things happen until the plan is fulfilled, and say what was held back."""
        await self._send(self._warehouse.count_all(self._plan.shipped))
        async for due in self._turns():
            await self._err()
            updates = [self._warehouse.happen() for _ in range(due)]
            if self._picker.waiting:
                updates += self._pick()
            await self._happened(updates)
        while self._picker.waiting:
            await self._happened(self._pick())
        await self._send(self._injector.rest())
        return self.tally

    def _pick(self) -> list[pb.StockUpdate]:
        return [update for parcel in self._picker.pick() for update in self._warehouse.ship(parcel)]

    async def _happened(self, updates: Sequence[pb.StockUpdate]) -> None:
        self.tally.happened += len(updates)
        await self._send([sent for update in updates for sent in self._injector.pass_on(update)])

    async def _err(self) -> None:
        """Do what a warehouse system does wrong as a whole; sequences that jump have to change nothing."""
        faults, warehouse = self._plan.faults, self._warehouse
        if self._chance.random() < faults.restores:
            name = self._chance.choice(warehouse.names)
            request = pb.StartFeedRequest(warehouse=name, request_id=str(uuid.uuid4()), reason="simulated")
            await self._send(warehouse.restored(name, await self._transport.start_feed(request)))
        if self._chance.random() < faults.jumps:
            await self._send([warehouse.absurd()])
        if self._chance.random() < faults.old_epochs:
            await self._send(warehouse.of_an_ended_epoch())

    async def _turns(self) -> AsyncIterator[int]:
        """How many things happen, a few times a second; silences are made up for afterwards."""
        start, done = self._monotonic(), 0
        while done < self._plan.count:
            await asyncio.sleep(min(_BATCH_SECONDS, 1 / self._plan.rate))
            if self._chance.random() < self._plan.faults.pauses:
                await asyncio.sleep(self._chance.uniform(0, _LONGEST_SILENCE_SECONDS))
            passed = int((self._monotonic() - start) * self._plan.rate) - done
            due = min(passed, self._plan.count - done, _MOST_AT_ONCE // 2)
            if due > 0:
                done += due
                yield due

    async def _send(self, updates: Sequence[pb.StockUpdate]) -> None:
        acks = await self._heard(updates)
        # Once for each shelf: all from there on is said again, whatever else fell into the gap.
        gaps = {
            (ack.sku, ack.warehouse): ack.expected_sequence
            for ack in acks
            if ack.result == pb.STOCK_UPDATE_RESULT_GAP
        }
        for place, expected in gaps.items():
            missing = self._warehouse.reported_from(place, expected)
            self.tally.resent += len(missing)
            await self._heard(missing)

    async def _heard(self, updates: Sequence[pb.StockUpdate]) -> Sequence[pb.StockUpdateAck]:
        acks: list[pb.StockUpdateAck] = []
        for start in range(0, len(updates), _MOST_AT_ONCE):
            acks += await self._transport.send(updates[start : start + _MOST_AT_ONCE])
        self.tally.sent += len(acks)
        for ack in acks:
            name = pb.StockUpdateResult.Name(ack.result).removeprefix("STOCK_UPDATE_RESULT_")
            self.tally.results[name] += 1
            self.tally.reasons.update([ack.reason] if ack.reason else [])
        return acks
