"""Which redirect URIs a client may name."""

import pytest

from services.user.domain.client import Client, GrantType
from services.user.domain.link import digest

CALLBACK = "http://localhost:8080/session/callback"
checkout = Client("checkout", frozenset(GrantType), digest("its secret"), redirect_uris=(CALLBACK,))
cli = Client("cli", frozenset(GrantType), loopback_path="/callback")


@pytest.mark.parametrize("uri", ["http://127.0.0.1:1/callback", "http://[::1]:65535/callback"])
def test_a_program_on_the_users_machine_may_take_any_loopback_port(uri: str) -> None:
    assert cli.may_redirect_to(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1/callback",
        "https://127.0.0.1:1/callback",
        "http://127.0.0.1:01/callback",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.2:1/callback",
        "http://127.1:1/callback",
        "http://localhost:1/callback",
        "http://user@127.0.0.1:1/callback",
        "http://127.0.0.1:1@evil.example/callback",
        "http://127.0.0.1:1/callback/",
        "http://127.0.0.1:1/callback?next=x",
        "HTTP://127.0.0.1:1/callback",
        "http://127.0.0.1:1/%63allback",
        "http://[::1/callback",
        CALLBACK,
    ],
)
def test_nothing_else_looks_like_its_loopback(uri: str) -> None:
    assert not cli.may_redirect_to(uri)


def test_other_clients_have_exactly_the_registered_ones() -> None:
    assert checkout.may_redirect_to(CALLBACK)
    assert not checkout.may_redirect_to(f"{CALLBACK}/")
    assert not checkout.may_redirect_to("http://127.0.0.1:8080/callback")


def test_a_public_client_has_no_secret_that_could_be_right() -> None:
    assert checkout.has_secret("its secret")
    assert not checkout.has_secret("another")
    assert not cli.has_secret("")
