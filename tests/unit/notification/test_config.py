"""Where mails go, by one URL."""

from pathlib import Path

import pytest

from mesh.settings import MeshSettings, SettingError
from services.notification.adapters.smtp_url import SmtpUrl
from services.notification.config import Settings


def settings(mail_url: str | None) -> Settings:
    return Settings.of(MeshSettings(home=Path("/home/shop"), mail_url=mail_url, port_offset=300))


def test_without_a_url_mails_are_files_below_home() -> None:
    chosen = settings(None)
    assert (chosen.mail_server, chosen.mail_folder) == (None, Path("/home/shop/mail"))
    assert chosen.shop_url == "http://localhost:8380/"


def test_a_file_url_chooses_the_folder() -> None:
    assert settings("file:///var/spool/shop%20mail").mail_folder == Path("/var/spool/shop mail")


def test_an_smtp_url_chooses_the_server() -> None:
    chosen = settings("smtp://mail.example.com")
    assert chosen.mail_server == SmtpUrl("mail.example.com", 25, None, None, False, None)


@pytest.mark.parametrize(
    "url", ["smtp://", "smtp://host:notaport", "file://host/folder", "file:folder", "ftp://h"]
)
def test_what_cannot_be_used_is_refused_by_its_variable(url: str) -> None:
    with pytest.raises(SettingError, match="SHOPMESH_MAIL_URL"):
        settings(url)


def test_a_refusal_does_not_repeat_the_password() -> None:
    with pytest.raises(SettingError) as refused:
        settings("smtp://shop:hunter2@")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "start_tls"),
    [
        ("smtp://mail.example.com", None),
        ("smtp://shop:secret@mail.example.com", True),
        ("smtp://shop:secret@127.0.0.1", None),
        ("smtp://shop:secret@localhost:1025", None),
        ("smtps://shop:secret@mail.example.com", False),
    ],
)
def test_a_password_never_crosses_a_network_in_the_clear(url: str, start_tls: bool | None) -> None:
    parsed = SmtpUrl.parse(url)
    assert parsed.start_tls is start_tls
    assert parsed.is_implicit_tls == url.startswith("smtps:")
