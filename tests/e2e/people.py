"""Customers of a test's own: registered, verified by the mailed link, logged in."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import httpx

from tests.e2e.shop import Login, answered
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

_LINK = re.compile(r"/account/(\w+)\?token=([\w.~-]+)")


@dataclass(frozen=True, slots=True)
class Person:
    """An account with a verified address.

    Attributes:
        client: Logged in over REST with all scopes of the account.
    """

    user_id: str
    email: str
    password: str
    client: httpx.Client


def new_email() -> str:
    return f"{uuid4().hex[:12]}@example.com"


def mails_to(mesh: RunningMesh, email: str) -> list[EmailMessage]:
    """The mails to an address, oldest first."""
    mails = _read_all(mesh)
    return sorted((mail for mail in mails if email in mail["to"]), key=lambda mail: mail["date"].datetime)


def mails_about(mesh: RunningMesh, order_id: str) -> list[EmailMessage]:
    """The mails that name an order."""
    return [mail for mail in _read_all(mesh) if order_id in text_of(mail)]


def text_of(mail: EmailMessage) -> str:
    """A mail's plain text."""
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""


def mailed_token(mesh: RunningMesh, email: str, page: str = "verify") -> str:
    """Wait for the mail with a link to a page, and return the link's token."""

    def links() -> list[str]:
        found = [_LINK.findall(text_of(mail)) for mail in mails_to(mesh, email)]
        return [token for mail in found for name, token in mail if name == page]

    until(lambda: bool(links()), f"a mail to {email} with a link to {page}")
    return links()[-1]


@contextmanager
def joined(mesh: RunningMesh, name: str = "Carol", password: str = "", email: str = "") -> Iterator[Person]:
    """Make an account, verify it and log in."""
    email, password = email or new_email(), password or f"a long passphrase {uuid4().hex}"
    with mesh.http() as client:
        answered(client.post("/v1/users", json={"email": email}))
        chosen = {"token": mailed_token(mesh, email), "password": password, "displayName": name}
        answered(client.post("/v1/users:verifyEmail", json=chosen))
        client.auth = Login(lambda: mesh.token(email, password=password))
        user = answered(client.get("/v1/users/me"))["user"]
        yield Person(user["userId"], email, password, client)


def _read_all(mesh: RunningMesh) -> list[EmailMessage]:
    """All mails but those that are forgotten while they are read."""
    mails = []
    for path in sorted(mesh.home.glob("mail/*.eml")):
        with suppress(FileNotFoundError):
            mails.append(_read(path))
    return mails


def _read(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), policy=policy.default)
