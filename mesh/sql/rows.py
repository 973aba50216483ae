"""How many rows a statement has changed."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Update
from sqlalchemy.ext.asyncio import AsyncSession


async def changed_rows(
    session: AsyncSession, statement: Update | Delete, rows: Sequence[Mapping[str, Any]] = ()
) -> int:
    """Execute it, for each row of parameters, and count: of several who race for one row, one changes it."""
    return cast(CursorResult[Any], await session.execute(statement, rows or None)).rowcount
