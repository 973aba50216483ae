"""State machines that play with a shop on a database of its own."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine

from tests.support.inventory.shop import Shop, open_shop
from tests.support.tiers import examples


class ShopMachine(RuleBasedStateMachine):
    """Opens the shop at the start of each play and closes it at the end.

    Attributes:
        runner: The event loop.
        shop: The use cases.
    """

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.shop: Shop = self.runner.run(self._open())

    def teardown(self) -> None:
        try:
            self.check_end()
        finally:
            self.runner.run(self._stack.aclose())
            self.runner.close()

    def check_end(self) -> None:
        """Check what has to hold when nothing more happens."""
        assert not self.runner.run(self.shop.discrepancies())

    async def _open(self) -> Shop:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        return await self._stack.enter_async_context(open_shop(folder / "inventory.db"))


def plays(machine: type[ShopMachine], *, count: int, steps: int = 50) -> Any:
    """The test of a machine; a failure is shown as it was found, since making it smaller takes minutes.

    Args:
        machine: What is played.
        count: How often, in the usual tier.
        steps: At most, in each play.
    """
    test = machine.TestCase
    test.settings = settings(
        max_examples=examples(count),
        stateful_step_count=steps,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    return test
