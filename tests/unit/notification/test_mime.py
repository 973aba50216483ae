"""Mails say to every reader what was written, and nothing that somebody else has added."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import parseaddr

import pytest
from fast_mail_parser import parse_email
from hypothesis import given
from hypothesis import strategies as st

from services.notification.adapters.mime import UnusableAddress, compose
from services.notification.domain.message import Contact, Message, Text

SENDER = Address("Käthes Laden", "hello", "shop.example")
NOON = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)
LINK = "https://shop.example/verify?token=" + "x" * 300
HEADERS = {
    "content-type",
    "mime-version",
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "auto-submitted",
    "x-trace-id",
}
LINES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=300)
TYPED = st.text(st.characters(codec="utf-8"), max_size=200)


def mail(
    *,
    name: str = "Alice",
    email: str = "alice@example.com",
    subject: str = "Hello",
    plain: str = "Hi",
    html: str = "",
) -> bytes:
    text = Text(subject=subject, html=html or f"<p>{plain}</p>", plain=plain)
    message = Message("m-1", Contact(email, name, "de", ""), text, trace_id="t-1", create_time=NOON)
    return compose(message, sender=SENDER)


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=SMTPUTF8)


def decoded(header: str) -> str:
    return str(make_header(decode_header(header)))


def body(content: bytes, kind: str) -> str:
    part = read(content).get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


@given(name=TYPED, subject=TYPED)
def test_nothing_that_was_typed_becomes_a_header_or_a_long_line(name: str, subject: str) -> None:
    content = mail(name=name, subject=subject)

    assert {header.lower() for header in read(content).keys()} == HEADERS  # noqa: SIM118
    assert max(map(len, content.split(b"\r\n"))) < 998
    assert content.count(b"\n") == content.count(b"\r\n")
    assert read(content)["To"].addresses[0].addr_spec == "alice@example.com"


@pytest.mark.parametrize("name", ["Alice", "Ärmel", 'Q "the" <x>, Y', "名前 " * 40, "", "a" * 200])
def test_names_and_subjects_are_read_back(name: str) -> None:
    subject = "Ihre Bestellung: 名前"
    content = mail(name=name, subject=subject)

    shown = message_from_bytes(content)
    assert parseaddr(shown["To"])[1] == "alice@example.com"
    assert decoded(parseaddr(shown["To"])[0]) == name.strip()
    assert decoded(shown["From"]) == "Käthes Laden <hello@shop.example>"
    assert decoded(shown["Subject"]) == subject
    assert content.isascii()


def test_letters_stay_as_they_are_where_an_address_has_some() -> None:
    content = mail(name="Ärmel", email="alice@exämple.com", subject="Grüße").decode()

    assert "\r\nTo: Ärmel <alice@exämple.com>\r\n" in content
    assert "\r\nFrom: Käthes Laden <hello@shop.example>\r\n" in content
    assert "\r\nSubject: Grüße\r\n" in content


@given(plain=LINES, html=LINES)
def test_both_texts_are_read_back_by_another_library_too(plain: str, html: str) -> None:
    content = mail(plain=plain, html=f"<p>{html}</p>")

    assert body(content, "plain").rstrip("\n") == plain.rstrip("\n")
    assert body(content, "html").rstrip("\n") == f"<p>{html}</p>"
    parsed = parse_email(content)
    assert parsed.text_html[0].strip() == f"<p>{html}</p>"
    assert parsed.text_plain[0].strip() == plain.strip()


def test_a_link_stands_in_one_line_where_it_can_be_copied() -> None:
    assert f"\r\n{LINK}\r\n".encode() in mail(plain=f"Please confirm:\n{LINK}\nThank you.")


def test_the_same_message_has_the_same_bytes() -> None:
    assert mail(name="Ärmel") == mail(name="Ärmel")


@pytest.mark.parametrize("email", ["", "nobody", "a b@example.com", "ä@example.com", "a@b@c"])
def test_an_address_that_is_none_is_said_so(email: str) -> None:
    with pytest.raises(UnusableAddress):
        mail(email=email)


def test_a_mail_program_finds_where_to_unsubscribe() -> None:
    url = "https://shop.example/mail/unsubscribe?token=abc&topic=order_updates"
    text = Text("Subject", "<p>HTML</p>", "Plain\n", unsubscribe_url=url)
    message = Message("id", Contact("alice@example.com", "Alice", "en", ""), text, "", NOON)

    shown = read(compose(message, sender=SENDER))

    assert shown["List-Unsubscribe"].strip() == f"<{url}>"
    assert shown["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "List-Unsubscribe" not in read(mail())
