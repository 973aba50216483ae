"""The URL of a mail server."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self
from urllib.parse import unquote, urlsplit

ALLOWED = "smtp://[user:password@]host[:port] or smtps://[user:password@]host[:port]"

_DEFAULT_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class SmtpUrl:
    """Where and how to connect.

    Attributes:
        host: name or address.
        port: 25 by default, 465 with `smtps`.
        username: None: no login.
        password: None: no login.
        is_implicit_tls: TLS from the first byte (RFC 8314).
        start_tls: True: required; None: used where the server offers it; False: not, TLS is there already.
    """

    host: str
    port: int
    username: str | None
    password: str | None
    is_implicit_tls: bool
    start_tls: bool | None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read a URL.

        Raises:
            ValueError: it is none of `ALLOWED`; the message does not repeat it, it may hold a password.
        """
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise ValueError(f"allowed is {ALLOWED}")
        implicit = parts.scheme == "smtps"
        login = parts.username is not None
        return cls(
            host=parts.hostname,
            port=parts.port or _DEFAULT_PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username is not None else None,
            password=unquote(parts.password or "") if login else None,
            is_implicit_tls=implicit,
            start_tls=_start_tls(implicit=implicit, secret=login and not _is_loopback(parts.hostname)),
        )


def _start_tls(*, implicit: bool, secret: bool) -> bool | None:
    if implicit:
        return False
    # A password never crosses a network in the clear.
    return True if secret else None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
