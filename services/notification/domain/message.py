"""A mail as it is handed over."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address

NOTIFICATION_ID_HEADER = "X-Shopmesh-Notification-Id"
NOTIFICATION_ID_TAG = "shopmesh-notification-id"
"""What names a mail where the provider writes the Message-ID itself."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Where and how to write to a customer; known only while a mail is sent.

    Attributes:
        email: the address.
        display_name: how to address the person; may be empty.
        locale: BCP 47 tag of the language.
        link: the one-time link; empty where the purpose has none.
    """

    email: str
    display_name: str
    locale: str
    link: str


@dataclass(frozen=True, slots=True)
class Text:
    """What a mail says, twice: as HTML and as plain text.

    Attributes:
        reply_to: The mailbox that answers reach; None: nobody reads them.
        unsubscribe_url: Where a mail program ends mails of this kind by one POST; empty: nowhere.
    """

    subject: str
    html: str
    plain: str
    unsubscribe_url: str = ""
    reply_to: Address | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A mail; sending the same `message_id` again is a repeat, not another mail."""

    message_id: str
    recipient: Contact
    text: Text
    trace_id: str
    create_time: datetime
