"""The databases that every port's suite runs over."""

from collections.abc import AsyncIterator

import pytest

from tests.support.inventory.shop import Shop, open_shop_at


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """An empty shop, over each kind of database."""
    async with open_shop_at(database_url) as opened:
        yield opened
