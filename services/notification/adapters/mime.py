"""A mail's bytes (RFC 5322), the same for every mailer."""

from collections.abc import Mapping
from email.charset import QP, Charset
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTPUTF8, compat32
from email.utils import format_datetime, formataddr
from types import MappingProxyType
from typing import Any

from services.notification.domain.message import Contact, Message

_NONE: Mapping[str, str] = MappingProxyType({})
# The library's newer policies parse what they write, which takes three times as long.
_POLICY = compat32.clone(linesep="\r\n")
_LONGEST_LINE = 998
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP


class UnusableAddress(ValueError):
    """No mail can be written to a recipient's address; the message does not repeat it."""


def compose(message: Message, *, sender: Address, headers: Mapping[str, str] = _NONE) -> bytes:
    """Write a message down; of the same message always the same bytes.

    Args:
        message: The mail.
        sender: Whom it is from.
        headers: More headers, in ASCII.

    Raises:
        UnusableAddress: the recipient's address is none.
    """
    recipient = _recipient(message.recipient)
    # Letters beyond ASCII stand in headers as they are where an address has some (RFC 6532).
    is_utf8 = not recipient.addr_spec.isascii()
    mail = MIMEMultipart("alternative", boundary=f"=_{message.message_id}")
    mail["From"] = _encoded(sender, is_utf8=is_utf8)
    mail["To"] = _encoded(recipient, is_utf8=is_utf8)
    if message.text.reply_to is not None:
        mail["Reply-To"] = _encoded(message.text.reply_to, is_utf8=is_utf8)
    mail["Subject"] = _one_line(message.text.subject)
    mail["Date"] = format_datetime(message.create_time)
    mail["Message-ID"] = f"<{message.message_id}@{sender.domain}>"
    # RFC 3834: absence notes and the like need no answer.
    mail["Auto-Submitted"] = "auto-generated"
    if message.text.unsubscribe_url:
        # RFC 8058 §3.1: both headers, and an https URL.
        mail["List-Unsubscribe"] = f"<{message.text.unsubscribe_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if message.trace_id:
        mail["X-Trace-Id"] = _one_line(message.trace_id)
    for name, value in headers.items():
        mail[name] = value
    for text, subtype in ((message.text.plain, "plain"), (message.text.html, "html")):
        mail.attach(_part(text, subtype))
    return mail.as_bytes(policy=SMTPUTF8 if is_utf8 else _POLICY)


def _recipient(contact: Contact) -> Address:
    try:
        return Address(_one_line(contact.display_name), addr_spec=contact.email)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise UnusableAddress("the recipient's address cannot be used") from error


def _encoded(address: Address, *, is_utf8: bool) -> Any:
    """An address as it stands in a header: a string, or a `Header` of encoded words."""
    name, spec = address.display_name, address.addr_spec
    if is_utf8:
        return str(address)
    if name.isascii():
        return formataddr((name, spec))
    header = Header(name, _UTF8)
    header.append(f"<{spec}>", "us-ascii")
    return header


def _part(text: str, subtype: str) -> MIMEText:
    is_plain = text.isascii() and all(len(line) < _LONGEST_LINE for line in text.splitlines())
    return MIMEText(text, subtype, "us-ascii" if is_plain else _UTF8)  # type: ignore[arg-type]


def _one_line(text: str) -> str:
    """Without control characters: a line break would start a header of somebody else's choice."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
