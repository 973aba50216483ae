"""The tables of the notification service."""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, MetaData, String, Table

from mesh.sql.columns import UtcTime

metadata = MetaData()

# A claimed delivery has a holder and is due to others only when the claim is over.
deliveries = Table(
    "deliveries",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("notification_id", String(36), nullable=False, unique=True),
    Column("template", String(50), nullable=False),
    Column("user_id", String(36), nullable=False),
    Column("order_id", String(36), nullable=False),
    Column("trace", String(100), nullable=False),
    Column("state", String(20), nullable=False),
    Column("create_time", UtcTime, nullable=False),
    Column("due_time", UtcTime, nullable=False),
    Column("send_time", UtcTime),
    Column("attempts", Integer, nullable=False),
    Column("refusals", Integer, nullable=False),
    Column("provider", String(300), nullable=False, server_default=""),
    Column("provider_message_id", String(200), nullable=False, server_default=""),
    Column("reason", String(500), nullable=False, server_default=""),
    Column("wait_time", UtcTime),
    Column("retry_time", UtcTime),
    Column("lost_answers", Integer, nullable=False, server_default="0"),
    Column("holder", String(100), nullable=False),
    Index("deliveries_by_due_time", "state", "due_time"),
    Index("deliveries_by_user", "user_id", "position"),
    sqlite_autoincrement=True,
)

# Why a provider takes no mails and when to ask again: shared by the workers.
providers = Table(
    "providers",
    metadata,
    Column("name", String(300), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("since", UtcTime),
    Column("check_time", UtcTime),
    Column("failures", Integer, nullable=False),
)

order_summaries = Table(
    "order_summaries",
    metadata,
    Column("order_id", String(36), primary_key=True),
    Column("customer_id", String(36), nullable=False, index=True),
    Column("content", JSON, nullable=False),
)

preferences = Table(
    "preferences",
    metadata,
    Column("user_id", String(36), primary_key=True),
    Column("order_updates", Boolean, nullable=False),
    Column("shipping_updates", Boolean, nullable=False),
)

# Ids only: events of an erased account may still arrive.
erased_users = Table("erased_users", metadata, Column("user_id", String(36), primary_key=True))
erased_mails = Table("erased_mails", metadata, Column("message_id", String(36), primary_key=True))
