"""The tables of the notification service."""

from sqlalchemy import JSON, Boolean, Column, Double, Index, Integer, MetaData, String, Table

from mesh.sql.columns import UtcTime

metadata = MetaData()

# A claimed delivery has a holder and is due to others only when the claim is over. `handed_to` is who may
# have taken it by then, where handing it over again would be another mail.
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
    Column("answer", String(20), nullable=False, server_default="UNSPECIFIED"),
    Column("answer_code", String(100), nullable=False, server_default=""),
    Column("feedback", String(20), nullable=False, server_default="UNSPECIFIED"),
    Column("feedback_detail", String(100), nullable=False, server_default=""),
    Column("feedback_time", UtcTime),
    Column("copy_of", String(36), nullable=False, server_default=""),
    Column("requested_by", String(100), nullable=False, server_default=""),
    Column("holder", String(100), nullable=False),
    Column("handed_to", String(300), nullable=False, server_default=""),
    Index("deliveries_by_due_time", "state", "due_time"),
    Index("deliveries_by_user", "user_id", "position"),
    Index("deliveries_by_order", "order_id", "state", "due_time"),
    Index("deliveries_by_provider_message", "provider_message_id"),
    # Nobody holds what was sent: by the holder alone SQLite would go through all of that for the unclaimed.
    Index("deliveries_by_claim", "holder", "state"),
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

# What workers may still send by a provider.
sending_budgets = Table(
    "sending_budgets",
    metadata,
    Column("provider", String(300), primary_key=True),
    Column("rate_per_second", Double),
    Column("quota", Integer),
    Column("used", Integer, nullable=False),
    Column("learn_time", UtcTime),
    Column("full_time", UtcTime),
    Column("slow_downs", Integer, nullable=False),
)

# Who gets no mails, as keyed hashes of the addresses.
suppressions = Table(
    "suppressions",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("address_hash", String(64), nullable=False, unique=True),
    Column("cause", String(20), nullable=False),
    Column("create_time", UtcTime, nullable=False),
    Column("notification_id", String(36), nullable=False),
    sqlite_autoincrement=True,
)

# Messages that providers' hooks brought; one that comes again changes nothing.
hook_messages = Table(
    "hook_messages",
    metadata,
    Column("message_id", String(100), primary_key=True),
    Column("receive_time", UtcTime, nullable=False, index=True),
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
