"""What the environment says about the mesh; read once, by each process's `main`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from mesh.topology import ENVOY_PORT, SERVICES, metrics_port

EMBEDDED = "embedded"
REAL = "real"
PROFILES = (EMBEDDED, REAL)
MAX_WORKERS = 8
_HIGHEST_PORT = 65535
_MYSQL, _REPLICAS = "SHOPMESH_MYSQL_URL", "SHOPMESH_MYSQL_REPLICA_URLS"
_MYSQL_SCHEMES = ("mysql", "mysql+asyncmy", "mysql+aiomysql")
_MAIL = "SHOPMESH_MAIL_URL"
_MAIL_SCHEMES = ("ses", "smtp", "smtps", "file")
_COMMA = re.compile(r"\s*,\s*")
_NEXT_URL = re.compile(r"\s*,\s*(?=[A-Za-z][A-Za-z0-9+.-]*:)")
"""A comma within a URL is none that separates two."""
_PUBLIC = "SHOPMESH_PUBLIC_URL"
_PROXIES = "SHOPMESH_TRUSTED_PROXIES"
_MOST_PROXIES = 10

TrustedProxies = int | tuple[IPv4Network | IPv6Network, ...]
"""How many proxies are in front of the front proxy, or in which networks they are; 0: there is none."""
_PREFIX = re.compile(r"/?[A-Za-z0-9_]{0,40}")


class SettingError(Exception):
    """A variable has a value that cannot be used; the message says what is allowed."""

    def __init__(self, variable: str, value: str, allowed: str) -> None:
        super().__init__(f"{variable} is {value!r}; allowed is {allowed}")


class UnusableSetting(SettingError):
    """A variable has a value with a problem, which the message names; it does not repeat the value."""

    def __init__(self, variable: str, problem: str) -> None:
        Exception.__init__(self, f"{variable} cannot be used: {problem}")


@dataclass(frozen=True, slots=True)
class MeshSettings:
    """The settings that all parts of a mesh share.

    Attributes:
        home: Folder of all state, secrets, logs and mails (`SHOPMESH_HOME`).
        port_offset: Added to every port (`SHOPMESH_PORT_OFFSET`).
        workers: Processes per service (`SHOPMESH_WORKERS`).
        worker: Which of them this process is, from 0 (`SHOPMESH_WORKER`).
        limits_file: YAML with other rate limits (`SHOPMESH_LIMITS_FILE`).
        profile: Which set of backends `up` started (`SHOPMESH_PROFILE`); each has its own state.
        mongodb_url: The event store of orders (`SHOPMESH_MONGODB_URL`); None: a SQLite file.
        mysql_url: The SQL databases of user, inventory and notification (`SHOPMESH_MYSQL_URL`); None: SQLite
            files. A path in it is what the databases' names begin with.
        mysql_replica_urls: Where inventory may read (`SHOPMESH_MYSQL_REPLICA_URLS`, with commas).
        kafka_url: The event log (`SHOPMESH_KAFKA_URL`); None: a SQLite file.
        redis_url: Shared rate-limit counters and caches (`SHOPMESH_REDIS_URL`); None: in-process.
        mail_urls: The mail providers in the order in which they are asked (`SHOPMESH_MAIL_URL`, with commas);
            none: files below `home`.
        mail_reply_to: The mailbox that answers to mails reach (`SHOPMESH_MAIL_REPLY_TO`); empty: none.
        public_url: Where customers reach the front proxy (`SHOPMESH_PUBLIC_URL`), without a slash at its end;
            None: they do so at the issuer.
        trusted_proxies: Which proxies in front of the front proxy are believed what they say in
            X-Forwarded-For (`SHOPMESH_TRUSTED_PROXIES`): a number counts them, from the front proxy outwards,
            and nobody else may reach it; of networks the last address outside of them is the client's.
        otlp_endpoint: Where spans go (`OTEL_EXPORTER_OTLP_ENDPOINT`); None: a file.
        span_ratio: Share of traces that are recorded (`OTEL_TRACES_SAMPLER_ARG`), 0 to 1.
        fast_paths: Whether shortcuts around libraries' own code are taken (`SHOPMESH_FAST_PATHS`).
        edge_secret: What Envoy proves itself with (`SHOPMESH_EDGE_SECRET`); never printed.
        environ: The whole environment, for the settings of one service.
    """

    home: Path
    port_offset: int = 0
    workers: int = 1
    worker: int = 0
    limits_file: Path | None = None
    profile: str = EMBEDDED
    mongodb_url: str | None = None
    mysql_url: str | None = None
    mysql_replica_urls: tuple[str, ...] = ()
    kafka_url: str | None = None
    redis_url: str | None = None
    mail_urls: tuple[str, ...] = ()
    mail_reply_to: str = ""
    public_url: str | None = None
    trusted_proxies: TrustedProxies = 0
    otlp_endpoint: str | None = None
    span_ratio: float = 1.0
    fast_paths: bool = True
    edge_secret: str = ""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read and check the environment.

        Raises:
            SettingError: A value cannot be used.
        """
        workers = _integer(environ, "SHOPMESH_WORKERS", 1, 1, MAX_WORKERS)
        limits_file = environ.get("SHOPMESH_LIMITS_FILE")
        return cls(
            home=Path(environ.get("SHOPMESH_HOME") or ".shopmesh").absolute(),
            port_offset=_integer(environ, "SHOPMESH_PORT_OFFSET", 0, 0, _largest_offset(workers)),
            workers=workers,
            worker=_integer(environ, "SHOPMESH_WORKER", 0, 0, workers - 1),
            limits_file=Path(limits_file).absolute() if limits_file else None,
            profile=_choice(environ, "SHOPMESH_PROFILE", PROFILES),
            mongodb_url=_url(environ, "SHOPMESH_MONGODB_URL", ("mongodb", "mongodb+srv")),
            mysql_url=_mysql_url(environ, _MYSQL),
            mysql_replica_urls=_replica_urls(environ),
            kafka_url=_url(environ, "SHOPMESH_KAFKA_URL", ("kafka",)),
            redis_url=_url(environ, "SHOPMESH_REDIS_URL", ("redis", "rediss", "unix")),
            mail_urls=_mail_urls(environ),
            mail_reply_to=environ.get("SHOPMESH_MAIL_REPLY_TO", "").strip(),
            public_url=_public_url(environ),
            trusted_proxies=_trusted_proxies(environ),
            otlp_endpoint=_url(environ, "OTEL_EXPORTER_OTLP_ENDPOINT", ("http", "https")),
            span_ratio=_ratio(environ, "OTEL_TRACES_SAMPLER_ARG"),
            fast_paths=_choice(environ, "SHOPMESH_FAST_PATHS", ("on", "off")) == "on",
            edge_secret=environ.get("SHOPMESH_EDGE_SECRET", ""),
            environ=dict(environ),
        )

    @property
    def issuer(self) -> str:
        """The issuer of all tokens: where the front proxy is reached."""
        return f"http://localhost:{ENVOY_PORT + self.port_offset}"

    @property
    def site(self) -> str:
        """Where links in mails lead to, without a slash at its end."""
        return self.public_url or self.issuer

    @property
    def jwks_file(self) -> Path:
        """The public keys that verify tokens."""
        return self.home / "jwks.json"

    @property
    def secrets(self) -> Path:
        """Keys and client secrets; readable by the owner only."""
        return self.home / "secrets"

    @property
    def data(self) -> Path:
        """What the services of this profile keep in files."""
        return self.home / self.profile

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def mail(self) -> Path:
        return self.home / "mail"

    def database(self, name: str) -> Path:
        """A database file, for example `order_keys`."""
        return self.data / f"{name}.db"

    def client_secret(self, client: str) -> Path:
        """The file with the secret of an OAuth client."""
        return self.secrets / "clients" / f"{client}.secret"


def _largest_offset(workers: int) -> int:
    """The highest port is that of the last worker's metrics."""
    return _HIGHEST_PORT - max(metrics_port(service, workers - 1) for service in SERVICES)


def _integer(environ: Mapping[str, str], variable: str, default: int, least: int, most: int) -> int:
    text = environ.get(variable) or str(default)
    if not text.isascii() or not text.isdecimal() or not least <= int(text) <= most:
        raise SettingError(variable, text, f"a whole number from {least} to {most}")
    return int(text)


def _ratio(environ: Mapping[str, str], variable: str) -> float:
    text = environ.get(variable) or "1"
    try:
        ratio = float(text)
    except ValueError:
        ratio = -1.0
    if not 0 <= ratio <= 1:
        raise SettingError(variable, text, "a number from 0 to 1")
    return ratio


def _choice(environ: Mapping[str, str], variable: str, allowed: tuple[str, ...]) -> str:
    text = environ.get(variable) or allowed[0]
    if text not in allowed:
        raise SettingError(variable, text, " or ".join(allowed))
    return text


def _url(environ: Mapping[str, str], variable: str, schemes: tuple[str, ...]) -> str | None:
    text = environ.get(variable)
    if not text:
        return None
    if urlsplit(text).scheme not in schemes:
        scheme = urlsplit(text).scheme or "none"
        raise SettingError(variable, f"{scheme}:…", "a URL with the scheme " + " or ".join(schemes))
    return text


def _listed(environ: Mapping[str, str], variable: str, separator: re.Pattern[str]) -> Sequence[str]:
    text = environ.get(variable, "").strip()
    listed = separator.split(text) if text else []
    if not all(url.strip(" ,") == url != "" for url in listed):
        raise UnusableSetting(variable, "a URL is missing before or after a comma")
    return listed


def _mail_urls(environ: Mapping[str, str]) -> tuple[str, ...]:
    listed = _listed(environ, _MAIL, _NEXT_URL)
    return tuple(url for each in listed if (url := _url({_MAIL: each}, _MAIL, _MAIL_SCHEMES)))


def _public_url(environ: Mapping[str, str]) -> str | None:
    text = _url(environ, _PUBLIC, ("http", "https"))
    if text is None:
        return None
    parts = urlsplit(text)
    is_origin = bool(parts.hostname) and parts.path in ("", "/") and not (parts.query or parts.fragment)
    if not is_origin or parts.username is not None:
        raise SettingError(_PUBLIC, text, "the origin of a web page, for example https://shop.example")
    if parts.scheme == "http" and not is_loopback(str(parts.hostname)):
        raise SettingError(_PUBLIC, text, "an https URL: its links carry tokens")
    return text.rstrip("/")


def _trusted_proxies(environ: Mapping[str, str]) -> TrustedProxies:
    text = (environ.get(_PROXIES) or "0").strip()
    try:
        if text.isascii() and text.isdecimal():
            return range(_MOST_PROXIES + 1)[int(text)]
        return tuple(_network(each.strip()) for each in text.split(","))
    except (IndexError, ValueError):
        allowed = f"a whole number from 0 to {_MOST_PROXIES}, or networks as 10.0.0.0/8 or 2001:db8::/32"
        raise SettingError(_PROXIES, text, f"{allowed} (not /0) with commas between them") from None


def _network(text: str) -> IPv4Network | IPv6Network:
    """A network; without a scope, which Envoy does not know, and smaller than all of the internet."""
    network = ip_network(text)
    if "%" in text or network.prefixlen == 0:
        raise ValueError(text)
    return network


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _replica_urls(environ: Mapping[str, str]) -> tuple[str, ...]:
    listed = _listed(environ, _REPLICAS, _COMMA)
    if listed and not environ.get(_MYSQL):
        raise SettingError(_REPLICAS, "set", f"only unset, as {_MYSQL} is: a replica needs its primary")
    return tuple(url for each in listed if (url := _mysql_url({_REPLICAS: each}, _REPLICAS)))


def _mysql_url(environ: Mapping[str, str], variable: str) -> str | None:
    url = _url(environ, variable, _MYSQL_SCHEMES)
    if url is not None and not _PREFIX.fullmatch(urlsplit(url).path):
        raise SettingError(
            variable, "mysql:…", "a URL whose path is up to 40 letters, digits and underscores"
        )
    return url
