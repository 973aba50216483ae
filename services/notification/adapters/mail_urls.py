"""`SHOPMESH_MAIL_URL`: the mail providers, in the order in which they are asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.policy import SMTP
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from mesh.settings import is_loopback

FOLDER_SENDER = Address("Shopmesh", "hello", "shopmesh.example")
"""Whom mails in the folder are from: nobody sends them."""

_SMTP_PORTS = {"smtp": 25, "smtps": 465}
_SMTP_ALLOWED = "smtp://[user:password@]host[:port]?from=…, or smtps://… for TLS from the first byte"
_SES_ALLOWED = "ses://region?from=…&configuration_set=…&topic=arn:aws:sns:…[&topic=…][&endpoint=https://…]"
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]+")
_CONFIGURATION_SET = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}")


class MailUrlError(ValueError):
    """A mail URL cannot be used; the message says why and never repeats a password."""


@dataclass(frozen=True, slots=True)
class FolderUrl:
    """A folder for `.eml` files (`file:///folder`)."""

    folder: Path

    @classmethod
    def parse(cls, parts: SplitResult) -> Self:
        if parts.netloc or parts.query or not parts.path.startswith("/"):
            raise MailUrlError("allowed is file:///absolute/folder")
        return cls(Path(unquote(parts.path)))


@dataclass(frozen=True, slots=True)
class SmtpUrl:
    """A mail server.

    Attributes:
        name: Names the provider in the database and to people; no secret.
        host: Name or address.
        port: 25 by default, 465 with `smtps`.
        username: None: no login.
        password: None: no login.
        is_implicit_tls: TLS from the first byte (RFC 8314).
        start_tls: True: required; None: used where the server offers it; False: not, TLS is there already.
        sender: Whom mails are from.
    """

    name: str
    host: str
    port: int
    username: str | None
    password: str | None
    is_implicit_tls: bool
    start_tls: bool | None
    sender: Address

    @classmethod
    def parse(cls, parts: SplitResult) -> Self:
        query = _query(parts, ("from",), (), _SMTP_ALLOWED)
        if not parts.hostname or parts.path not in ("", "/"):
            raise MailUrlError(f"allowed is {_SMTP_ALLOWED}")
        implicit, login = parts.scheme == "smtps", parts.username is not None
        port = _port(parts) or _SMTP_PORTS[parts.scheme]
        return cls(
            name=f"smtp:{parts.hostname}:{port}",
            host=parts.hostname,
            port=port,
            username=unquote(parts.username) if parts.username is not None else None,
            password=unquote(parts.password or "") if login else None,
            is_implicit_tls=implicit,
            start_tls=_start_tls(implicit=implicit, secret=login and not is_loopback(parts.hostname)),
            sender=_sender(query),
        )


@dataclass(frozen=True, slots=True)
class SesUrl:
    """Amazon SES, API version 2; credentials come from the usual chain of AWS.

    Attributes:
        name: Names the provider in the database and to people.
        region: Where the account sends.
        sender: Whom mails are from; its domain or address is an identity of SES.
        configuration_set: Publishes what becomes of mails.
        topics: The only SNS topics that are believed (ARNs).
        endpoint: Instead of the region's own; None: that.
    """

    name: str
    region: str
    sender: Address
    configuration_set: str
    topics: tuple[str, ...]
    endpoint: str | None

    @classmethod
    def parse(cls, parts: SplitResult) -> Self:
        query = _query(parts, ("from", "configuration_set", "topic"), ("endpoint",), _SES_ALLOWED)
        if not _REGION.fullmatch(parts.netloc) or parts.path not in ("", "/"):
            raise MailUrlError(f"the region has to be like eu-central-1; allowed is {_SES_ALLOWED}")
        return cls(
            name=f"ses:{parts.netloc}",
            region=parts.netloc,
            sender=_sender(query),
            configuration_set=_configuration_set(query),
            topics=tuple(map(_topic, query["topic"])),
            endpoint=_endpoint(query),
        )


ProviderUrl = SmtpUrl | SesUrl
MailUrl = FolderUrl | ProviderUrl


def parse_mail_urls(urls: tuple[str, ...]) -> FolderUrl | tuple[ProviderUrl, ...]:
    """Read the URLs of a chain: one folder, or providers in the order in which they are asked.

    Raises:
        MailUrlError: One of them cannot be used, a folder is not the only one, or two are the same.
    """
    parsed = tuple(map(_parse, urls))
    if len(parsed) == 1 and isinstance(parsed[0], FolderUrl):
        return parsed[0]
    providers = tuple(each for each in parsed if not isinstance(each, FolderUrl))
    if len(providers) < len(parsed):
        raise MailUrlError("a file:// URL stands alone: what is in a folder has not been sent")
    if len({each.name for each in providers}) < len(providers):
        raise MailUrlError("each provider may stand in it once")
    return providers


def _parse(url: str) -> MailUrl:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise MailUrlError(f"allowed is {_SMTP_ALLOWED}; {_SES_ALLOWED}; or file:///folder") from None
    match parts.scheme:
        case "file":
            return FolderUrl.parse(parts)
        case "smtp" | "smtps":
            return SmtpUrl.parse(parts)
        case "ses":
            return SesUrl.parse(parts)
        case _:
            raise MailUrlError(f"allowed is {_SMTP_ALLOWED}; {_SES_ALLOWED}; or file:///folder")


def _query(
    parts: SplitResult, required: tuple[str, ...], optional: tuple[str, ...], allowed: str
) -> Mapping[str, list[str]]:
    query = parse_qs(parts.query)
    for name in required:
        if name not in query:
            raise MailUrlError(f"{parts.scheme}://… needs the parameter {name}; allowed is {allowed}")
    for name, values in query.items():
        if name not in (*required, *optional):
            raise MailUrlError(f"there is no parameter {name[:40]!r}; allowed is {allowed}")
        if len(values) > 1 and name != "topic":
            raise MailUrlError(f"the parameter {name} may stand in it once")
    return query


def mailbox(text: str) -> Address | None:
    """The one mailbox of a text, for example `Shop <hello@shop.example>`; None: it is none."""
    try:
        header = SMTP.header_factory("From", text)
    except (IndexError, HeaderParseError):
        # The library fails on some texts, as on `help@`.
        return None
    addresses: tuple[Address, ...] = header.addresses
    usable = not header.defects and len(addresses) == 1 and addresses[0].username and addresses[0].domain
    return addresses[0] if usable and addresses[0].addr_spec.isascii() else None


def _sender(query: Mapping[str, list[str]]) -> Address:
    if (sender := mailbox(query["from"][0])) is None:
        raise MailUrlError("from has to be one mailbox, for example from=Shop%20%3Chello@shop.example%3E")
    return sender


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise MailUrlError("the port has to be a number from 1 to 65535") from None


def _configuration_set(query: Mapping[str, list[str]]) -> str:
    name = query["configuration_set"][0]
    if not _CONFIGURATION_SET.fullmatch(name):
        raise MailUrlError("configuration_set has to be 1 to 64 letters, digits, dashes and underscores")
    return name


def _topic(arn: str) -> str:
    if not _TOPIC.fullmatch(arn):
        raise MailUrlError("topic has to be the ARN of an SNS topic, for example arn:aws:sns:eu-central-1:…")
    return arn


def region_of(topic: str) -> str:
    """The region of a topic: `arn:aws:sns:<region>:…`."""
    return topic.split(":")[3]


def _endpoint(query: Mapping[str, list[str]]) -> str | None:
    if "endpoint" not in query:
        return None
    endpoint = urlsplit(query["endpoint"][0])
    if endpoint.scheme not in ("http", "https") or not endpoint.hostname:
        raise MailUrlError("endpoint has to be an http or https URL")
    if endpoint.scheme == "http" and not is_loopback(endpoint.hostname):
        raise MailUrlError("endpoint has to be an https URL: signed requests hold addresses and texts")
    return query["endpoint"][0]


def _start_tls(*, implicit: bool, secret: bool) -> bool | None:
    if implicit:
        return False
    # A password never crosses a network in the clear.
    return True if secret else None
