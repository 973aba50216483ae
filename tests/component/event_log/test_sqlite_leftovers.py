"""What is deleted from a SQLite file is gone from its bytes too."""

from pathlib import Path

from sqlalchemy import Column, MetaData, String, Table, delete, insert

from mesh import sql
from tests.support.events import eventually, running

metadata = MetaData()
notes = Table("notes", metadata, Column("text", String(2000)))


def contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]


async def test_what_is_deleted_is_soon_in_no_file(tmp_path: Path) -> None:
    engine = sql.open_engine(sql.sqlite_url(tmp_path / "notes.db"))
    await sql.create_tables(engine, metadata)
    async with sql.write(engine) as session:
        await session.execute(insert(notes).values(text="a secret " * 200))

    async def is_gone() -> bool:
        return not any(b"a secret" in content for content in contents(tmp_path))

    assert not await is_gone()
    async with running(sql.changes_of(engine).run()):
        async with sql.write(engine) as session:
            await session.execute(delete(notes))
        await eventually(is_gone)
    await engine.dispose()
