"""A mail's bytes (RFC 5322), the same for every mailer."""

from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from services.notification.domain.message import Contact, Message


class UnusableAddress(ValueError):
    """No mail can be written to a recipient's address; the message does not repeat it."""


def compose(message: Message, *, sender: Address) -> EmailMessage:
    """Write a message down; of the same message always the same bytes.

    Raises:
        UnusableAddress: the recipient's address is none.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = _recipient(message.recipient)
    mail["Subject"] = _one_line(message.text.subject)
    mail["Date"] = format_datetime(message.create_time)
    mail["Message-ID"] = f"<{message.message_id}@{sender.domain}>"
    # RFC 3834: absence notes and the like need no answer.
    mail["Auto-Submitted"] = "auto-generated"
    if message.trace_id:
        mail["X-Trace-Id"] = _one_line(message.trace_id)
    mail.set_content(message.text.plain)
    mail.add_alternative(message.text.html, subtype="html")
    mail.set_boundary(f"=_{message.message_id}")
    return mail


def _recipient(contact: Contact) -> Address:
    try:
        return Address(_one_line(contact.display_name), addr_spec=contact.email)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise UnusableAddress("the recipient's address cannot be used") from error


def _one_line(text: str) -> str:
    """Without control characters: a line break would start a header of somebody else's choice."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
