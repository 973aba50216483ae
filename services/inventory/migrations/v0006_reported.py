"""Renames columns of stock, movements and shipments by the glossary."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_RENAMED = (
    ("stock", "book", "book_quantity"),
    ("stock", "untold", "unreported"),
    ("movements", "book", "book_quantity"),
    ("movements", "untold", "unreported"),
    ("shipments", "told", "reported"),
)
_CHECKED = (("book", "book_quantity"), ("untold", "unreported"))


def upgrade() -> None:
    for table, old, new in _RENAMED:
        _rename(table, old, new)
    for old, new in _CHECKED:
        _rename_check(old, new)


def downgrade() -> None:
    for old, new in _CHECKED:
        _rename_check(new, old, column=new)
    for table, old, new in reversed(_RENAMED):
        _rename(table, new, old)


def _rename(table: str, old: str, new: str) -> None:
    if old in {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")


def _rename_check(old: str, new: str, *, column: str | None = None) -> None:
    names = {check["name"] for check in sa.inspect(op.get_bind()).get_check_constraints("stock")}
    if f"{old}_not_negative" in names:
        with op.batch_alter_table("stock") as stock:
            stock.drop_constraint(f"{old}_not_negative", type_="check")
            stock.create_check_constraint(f"{new}_not_negative", sa.text(f"{column or new} >= 0"))
