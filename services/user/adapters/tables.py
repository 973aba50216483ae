"""The tables of the user service. Times are microseconds since the epoch; secrets are stored as hashes."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
)
from sqlalchemy.engine import Dialect

from mesh.sql.columns import UtcTime


class Scopes(TypeDecorator[frozenset[str]]):
    """A set of scopes, as one text with spaces."""

    impl = String(1000)
    cache_ok = True

    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> str | None:
        return None if value is None else " ".join(sorted(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[str] | None:
        return None if value is None else frozenset(value.split())


metadata = MetaData()
_ID, _HASH = String(36), String(64)

accounts = Table(
    "accounts",
    metadata,
    Column("user_id", _ID, primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("display_name", String(100), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("email_verified", Boolean, nullable=False),
    Column("scopes", Scopes, nullable=False),
    Column("locale", String(35), nullable=False),
    Column("create_time", UtcTime, nullable=False),
    Column("update_time", UtcTime, nullable=False),
    Column("expire_time", UtcTime, index=True),
    Column("disabled", Boolean, nullable=False),
    Column("pending_email", String(254), nullable=False),
)
erased_accounts = Table(
    "erased_accounts",
    metadata,
    Column("user_id", _ID, primary_key=True),
    Column("erase_time", UtcTime, nullable=False),
)
activities = Table(
    "activities",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("user_id", _ID, nullable=False, index=True),
    Column("kind", String(300), nullable=False),
    Column("occur_time", UtcTime, nullable=False),
    Column("expire_time", UtcTime, nullable=False, index=True),
    Column("actor", String(50), nullable=False),
    Column("address", String(50), nullable=False),
    Column("device", String(100), nullable=False),
    Column("detail", String(1000), nullable=False),
)
kept_contacts = Table(
    "kept_contacts",
    metadata,
    Column("contact_id", _ID, primary_key=True),
    Column("email", String(254), nullable=False),
    Column("locale", String(35), nullable=False),
    Column("expire_time", UtcTime, nullable=False, index=True),
)
addresses = Table(
    "addresses",
    metadata,
    Column("address_id", _ID, primary_key=True),
    Column("user_id", _ID, nullable=False),
    Column("recipient", String(100), nullable=False),
    Column("line1", String(100), nullable=False),
    Column("line2", String(100), nullable=False),
    Column("city", String(100), nullable=False),
    Column("region", String(100), nullable=False),
    Column("postal_code", String(20), nullable=False),
    Column("country_code", String(2), nullable=False),
    Column("create_time", UtcTime, nullable=False),
    Index("addresses_of_user", "user_id", "address_id"),
)
links = Table(
    "links",
    metadata,
    Column("user_id", _ID, primary_key=True),
    Column("purpose", String(20), primary_key=True),
    Column("token_hash", _HASH, nullable=False, unique=True),
    Column("expire_time", UtcTime, nullable=False, index=True),
)
sessions = Table(
    "sessions",
    metadata,
    Column("sid", _ID, primary_key=True),
    Column("token_hash", _HASH, nullable=False, unique=True),
    Column("user_id", _ID, nullable=False, index=True),
    Column("create_time", UtcTime, nullable=False),
    Column("auth_time", UtcTime, nullable=False),
    Column("use_time", UtcTime, nullable=False),
    Column("expire_time", UtcTime, nullable=False, index=True),
    Column("device", String(100), nullable=False),
)
codes = Table(
    "codes",
    metadata,
    Column("code_hash", _HASH, primary_key=True),
    Column("family_id", _ID, nullable=False),
    Column("sid", _ID, nullable=False, index=True),
    Column("client_id", String(64), nullable=False),
    Column("user_id", _ID, nullable=False, index=True),
    Column("redirect_uri", String(2000), nullable=False),
    Column("scopes", Scopes, nullable=False),
    Column("nonce", String(500), nullable=False),
    Column("code_challenge", String(128), nullable=False),
    Column("auth_time", UtcTime, nullable=False),
    Column("expire_time", UtcTime, nullable=False, index=True),
    Column("used_time", UtcTime),
)
families = Table(
    "families",
    metadata,
    Column("family_id", _ID, primary_key=True),
    Column("sid", _ID, nullable=False, index=True),
    Column("client_id", String(64), nullable=False),
    Column("user_id", _ID, nullable=False, index=True),
    Column("scopes", Scopes, nullable=False),
    Column("auth_time", UtcTime, nullable=False),
    Column("use_time", UtcTime, nullable=False),
    Column("expire_time", UtcTime, nullable=False, index=True),
    Column("revoked", Boolean, nullable=False),
)
refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", _HASH, primary_key=True),
    Column("family_id", _ID, nullable=False, index=True),
    Column("used_time", UtcTime),
)
issued_tokens = Table(
    "issued_tokens",
    metadata,
    Column("token_id", _ID, primary_key=True),
    Column("user_id", _ID, nullable=False, index=True),
    Column("family_id", _ID, nullable=False, index=True),
    Column("sid", _ID, nullable=False),
    Column("expire_time", UtcTime, nullable=False, index=True),
)
revocations = Table(
    "revocations",
    metadata,
    # A cursor: a number is never taken twice, and writers come one after the other on every database.
    Column("cursor", Integer, primary_key=True, autoincrement=True),
    Column("token_id", _ID, nullable=False, index=True),
    Column("sid", _ID, nullable=False, index=True),
    Column("client_id", String(64), nullable=False),
    Column("subject", _ID, nullable=False, index=True),
    Column("revoke_time", UtcTime, nullable=False),
    Column("expire_time", UtcTime, nullable=False, index=True),
    sqlite_autoincrement=True,
)
attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(150), nullable=False),
    Column("time", UtcTime, nullable=False),
    Column("expire_time", UtcTime, nullable=False, index=True),
    Index("attempts_by_key", "key", "time"),
)
