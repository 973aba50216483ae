"""Columns that the tables of events share."""

from sqlalchemy import LargeBinary
from sqlalchemy.dialects.mysql import MEDIUMBLOB

# MySQL's plain BLOB ends at 64 KiB.
BODY = LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb")
"""The bytes of an event."""
