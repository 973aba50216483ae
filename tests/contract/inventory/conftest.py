"""The adapters that every port's suite runs over."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.support.inventory.shop import Shop, open_shop

SHOPS: dict[str, Callable[[Path], AbstractAsyncContextManager[Shop]]] = {"sqlite": open_shop}


@pytest.fixture(params=sorted(SHOPS))
async def shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    """An empty shop, over each kind of database."""
    async with SHOPS[request.param](tmp_path / "inventory.db") as opened:
        yield opened
