"""The schema of a service's database, and the steps by which databases get there.

A step may be repeated: MariaDB keeps what an interrupted one has done, and the first one takes over databases
whose tables were made without steps. So it makes what is missing, and nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh.sql.engine import schema_lock

BASE, HEAD = "base", "head"


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database has to have.

    Attributes:
        folder: Where the steps are, Alembic's revision files.
        metadatas: The tables, as they are after the last step.
    """

    folder: Path
    metadatas: tuple[MetaData, ...]


async def upgrade(engine: AsyncEngine, schema: Schema, revision: str = HEAD) -> None:
    """Take the steps that a database lacks; of several workers that start at once, one takes them."""
    async with schema_lock(engine) as connection:
        await connection.run_sync(_walk, _script(schema)._upgrade_revs, revision)


async def downgrade(engine: AsyncEngine, schema: Schema, revision: str) -> None:
    """Go steps back; what they had added is lost."""
    async with schema_lock(engine) as connection:
        await connection.run_sync(_walk, _script(schema)._downgrade_revs, revision)


async def drift(engine: AsyncEngine, schema: Schema) -> Sequence[Any]:
    """How a database differs from the tables, as Alembic compares them; empty: not at all."""
    async with schema_lock(engine) as connection:
        return await connection.run_sync(_compared, schema)


def _script(schema: Schema) -> ScriptDirectory:
    return ScriptDirectory(str(schema.folder), version_locations=[str(schema.folder)])


def _walk(connection: Connection, steps: Callable[[str, Any], Any], revision: str) -> None:
    def chosen(current: Any, _context: MigrationContext) -> Any:
        return steps(revision, current)

    context = MigrationContext.configure(connection, opts={"fn": chosen})
    with Operations.context(context):
        context.run_migrations()


def _compared(connection: Connection, schema: Schema) -> Sequence[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    differences: Sequence[Any] = compare_metadata(context, list(schema.metadatas))  # type: ignore[arg-type]
    return differences
