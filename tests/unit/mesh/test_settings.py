"""What the environment may say."""

from pathlib import Path

import pytest

from mesh.settings import MeshSettings, SettingError


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
    ],
)
def test_a_bad_value_is_refused_with_its_variable_and_what_is_allowed(
    variable: str, value: str, allowed: str
) -> None:
    with pytest.raises(SettingError, match=f"^{variable} .*{allowed}"):
        MeshSettings.from_environ({variable: value})


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
