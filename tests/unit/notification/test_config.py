"""What the service is built from, by the environment."""

from pathlib import Path

import pytest

from mesh.settings import MeshSettings, SettingError
from services.notification.config import Settings
from tests.unit.notification.test_mail_urls import SES, SHOP


def settings(mail_url: str = "", public_url: str = "", reply_to: str = "") -> Settings:
    environ = {
        "SHOPMESH_HOME": "/home/shop",
        "SHOPMESH_PORT_OFFSET": "300",
        "SHOPMESH_MAIL_URL": mail_url,
        "SHOPMESH_PUBLIC_URL": public_url,
        "SHOPMESH_MAIL_REPLY_TO": reply_to,
    }
    return Settings.of(MeshSettings.from_environ(environ))


def test_without_a_url_mails_are_files_below_home() -> None:
    chosen = settings()
    assert (chosen.providers, chosen.mail_folder) == ((), Path("/home/shop/mail"))
    assert chosen.site == "http://localhost:8380"


def test_a_file_url_chooses_the_folder() -> None:
    assert settings("file:///var/spool/shop%20mail").mail_folder == Path("/var/spool/shop mail")


def test_a_chain_is_split_between_its_urls_only() -> None:
    chosen = settings(
        f"smtp://mail.example.com?from=%22Shop,%20Inc%22%20%3Ca@b.example%3E , {SES}", "https://s.example"
    )
    assert [each.name for each in chosen.providers] == ["smtp:mail.example.com:25", "ses:eu-central-1"]


def test_links_lead_to_the_public_url() -> None:
    assert settings(public_url="https://shop.example/").site == "https://shop.example"


def test_ses_needs_links_that_customers_can_open() -> None:
    with pytest.raises(SettingError, match="SHOPMESH_PUBLIC_URL"):
        settings(SES)
    assert settings(SES, "https://shop.example").providers


@pytest.mark.parametrize("url", [f"smtp://?{SHOP}", "file://host/folder", "ftp://h", f"{SES},file:///a"])
def test_what_cannot_be_used_is_refused_by_its_variable(url: str) -> None:
    with pytest.raises(SettingError, match="SHOPMESH_MAIL_URL"):
        settings(url, "https://shop.example")


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example",
        "https://",
        "https://shop.example/shop",
        "https://u:p@shop.example",
        "shop.example",
    ],
)
def test_a_public_url_is_an_https_origin(url: str) -> None:
    with pytest.raises(SettingError, match="SHOPMESH_PUBLIC_URL"):
        settings(public_url=url)


def test_a_public_url_on_this_machine_may_be_http() -> None:
    assert settings(public_url="http://127.0.0.1:8080").site == "http://127.0.0.1:8080"


def test_answers_reach_the_mailbox_that_is_named() -> None:
    assert settings().reply_to is None
    assert str(settings(reply_to="Shop <help@shop.example>").reply_to) == "Shop <help@shop.example>"


@pytest.mark.parametrize(
    "mailbox", ["help", "a@b.example, c@d.example", "help@", "<>", "a@b.example\nBcc: c@d.example"]
)
def test_answers_reach_one_mailbox(mailbox: str) -> None:
    with pytest.raises(SettingError, match="SHOPMESH_MAIL_REPLY_TO"):
        settings(reply_to=mailbox)
