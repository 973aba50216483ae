"""How many rows a statement has changed."""

from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Update
from sqlalchemy.ext.asyncio import AsyncSession


async def changed_rows(session: AsyncSession, statement: Update | Delete) -> int:
    """Execute it and count: of several who race for one row, one changes it."""
    return cast(CursorResult[Any], await session.execute(statement)).rowcount
