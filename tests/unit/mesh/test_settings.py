"""What the environment may say."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from mesh.settings import MeshSettings, SettingError, TrustedProxies


def test_without_any_variable_the_defaults_hold() -> None:
    settings = MeshSettings.from_environ({})

    assert settings.home == Path(".shopmesh").absolute()
    assert settings.issuer == "http://localhost:8080"
    assert (settings.workers, settings.worker, settings.redis_url) == (1, 0, None)


def test_the_issuer_follows_the_port_offset() -> None:
    assert MeshSettings.from_environ({"SHOPMESH_PORT_OFFSET": "100"}).issuer == "http://localhost:8180"


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("SHOPMESH_WORKERS", "0", "from 1 to 8"),
        ("SHOPMESH_WORKERS", "two", "from 1 to 8"),
        ("SHOPMESH_WORKERS", "²", "from 1 to 8"),
        ("SHOPMESH_WORKER", "1", "from 0 to 0"),
        ("SHOPMESH_PORT_OFFSET", "14482", "from 0 to 14481"),
        ("SHOPMESH_PORT_OFFSET", "-1", "from 0 to 14481"),
        ("SHOPMESH_REDIS_URL", "http://localhost", "redis or rediss or unix"),
        ("SHOPMESH_MAIL_URL", "imap://mail.example.com", "ses or smtp or smtps or file"),
        ("OTEL_TRACES_SAMPLER_ARG", "2", "from 0 to 1"),
        ("OTEL_TRACES_SAMPLER_ARG", "nan", "from 0 to 1"),
        ("SHOPMESH_KAFKA_URL", "http://localhost", "the scheme kafka"),
        ("SHOPMESH_MYSQL_URL", "postgresql://localhost", "the scheme mysql"),
        ("SHOPMESH_MYSQL_URL", "mysql://localhost/a-b", "letters, digits and underscores"),
        ("SHOPMESH_MYSQL_REPLICA_URLS", "mysql://localhost", "a replica needs its primary"),
        ("SHOPMESH_PROFILE", "fake", "embedded or real"),
        ("SHOPMESH_FAST_PATHS", "0", "on or off"),
        *(
            ("SHOPMESH_TRUSTED_PROXIES", value, r"a whole number from 0 to 10, or networks as 10\.0\.0\.0/8")
            for value in (
                *("11", "-1", "²", "1.5", "10.0.0.1/8", "10.0.0.0/33", "proxy.example", "fe80::%eth0/64"),
                *("10.0.0.0/8,", "10.0.0.0/8,2", "0.0.0.0/0", "::/0"),
            )
        ),
    ],
)
def test_a_bad_value_is_refused_with_its_variable_and_what_is_allowed(
    variable: str, value: str, allowed: str
) -> None:
    with pytest.raises(SettingError, match=f"^{variable} .*{allowed}"):
        MeshSettings.from_environ({variable: value})


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("SHOPMESH_MAIL_URL", "smtp://a:hidden@mail.example.com?from=hello@shop.example"),
        ("SHOPMESH_MYSQL_REPLICA_URLS", "mysql://a:hidden@localhost"),
    ],
)
@pytest.mark.parametrize("gap", [",{0}", "{0},", "{0}, ,{0}", "{0},,{0}", ","])
def test_a_list_of_urls_with_a_gap_is_refused(variable: str, url: str, gap: str) -> None:
    with pytest.raises(SettingError, match=f"^{variable} .* before or after a comma") as refused:
        MeshSettings.from_environ({variable: gap.format(url), "SHOPMESH_MYSQL_URL": "mysql://localhost"})
    assert "hidden" not in str(refused.value)


def test_a_url_with_a_password_is_not_repeated_in_the_refusal() -> None:
    with pytest.raises(SettingError) as refused:
        MeshSettings.from_environ({"SHOPMESH_REDIS_URL": "http://user:hidden@localhost"})

    assert "hidden" not in str(refused.value)


def test_replicas_are_named_with_commas() -> None:
    settings = MeshSettings.from_environ(
        {
            "SHOPMESH_MYSQL_URL": "mysql://localhost:1",
            "SHOPMESH_MYSQL_REPLICA_URLS": "mysql://localhost:2, mysql://localhost:3",
        }
    )

    assert settings.mysql_replica_urls == ("mysql://localhost:2", "mysql://localhost:3")


@pytest.mark.parametrize(
    ("value", "proxies"),
    [
        ("", 0),
        ("0", 0),
        ("10", 10),
        ("10.0.0.0/8, 2001:db8::/32", (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))),
        ("192.0.2.1", (ip_network("192.0.2.1/32"),)),
    ],
)
def test_trusted_proxies_are_counted_or_named_by_their_networks(value: str, proxies: TrustedProxies) -> None:
    assert MeshSettings.from_environ({"SHOPMESH_TRUSTED_PROXIES": value}).trusted_proxies == proxies
