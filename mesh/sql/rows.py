"""How many rows a statement has changed."""

from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Update

from mesh import sql
from mesh.sql.prepared import Given


async def changed_rows(
    session: sql.Session, statement: Update | Delete | sql.Prepared, rows: Given = None
) -> int:
    """Execute it, for each row of parameters, and count: of several who race for one row, one changes it."""
    return cast(CursorResult[Any], await session.execute(statement, rows)).rowcount
