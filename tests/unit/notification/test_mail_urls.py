"""Where mails go, by the URLs of a chain."""

from email.headerregistry import Address
from pathlib import Path

import pytest

from services.notification.adapters.mail_urls import (
    FolderUrl,
    MailUrlError,
    SesUrl,
    SmtpUrl,
    parse_mail_urls,
)

SHOP = "from=Shop%20%3Chello@shop.example%3E"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:mails"
SES = f"ses://eu-central-1?{SHOP}&configuration_set=shop&topic={TOPIC}"


def smtp(url: str) -> SmtpUrl:
    parsed = parse_mail_urls((url,))
    assert isinstance(parsed, tuple)
    [only] = parsed
    assert isinstance(only, SmtpUrl)
    return only


def test_a_folder_is_a_path() -> None:
    assert parse_mail_urls(("file:///var/spool/shop%20mail",)) == FolderUrl(Path("/var/spool/shop mail"))


def test_a_mail_server_has_a_sender_and_a_name_without_its_password() -> None:
    url = smtp(f"smtp://shop:s%2Fcret@mail.example.com?{SHOP}")

    assert (url.host, url.port, url.username, url.password) == ("mail.example.com", 25, "shop", "s/cret")
    assert url.sender == Address("Shop", "hello", "shop.example")
    assert url.name == "smtp:mail.example.com:25"


def test_ses_has_a_region_a_configuration_set_and_topics() -> None:
    parsed = parse_mail_urls((f"{SES}&topic={TOPIC}2&endpoint=http://127.0.0.1:5000",))

    assert parsed == (
        SesUrl(
            name="ses:eu-central-1",
            region="eu-central-1",
            sender=Address("Shop", "hello", "shop.example"),
            configuration_set="shop",
            topics=(TOPIC, f"{TOPIC}2"),
            endpoint="http://127.0.0.1:5000",
        ),
    )


def test_a_chain_keeps_its_order() -> None:
    parsed = parse_mail_urls((SES, f"smtp://mail.example.com?{SHOP}"))

    assert isinstance(parsed, tuple)
    assert [each.name for each in parsed] == ["ses:eu-central-1", "smtp:mail.example.com:25"]


@pytest.mark.parametrize(
    ("urls", "problem"),
    [
        (("smtp://mail.example.com",), "needs the parameter from"),
        ((f"smtp://?{SHOP}",), "allowed is smtp"),
        ((f"smtp://host:notaport?{SHOP}",), "port"),
        ((f"smtp://host?{SHOP}&form=x",), "no parameter 'form'"),
        ((f"smtp://host?{SHOP}&{SHOP}",), "once"),
        (("smtp://host?from=nobody",), "one mailbox"),
        (("smtp://host?from=a@b.example,c@d.example",), "one mailbox"),
        (("smtp://host?from=Bj%C3%B6rn%20%3Cb%C3%B6rn@b.example%3E",), "one mailbox"),
        (("file://host/folder",), "file:///absolute/folder"),
        (("file:folder",), "file:///absolute/folder"),
        (("file:///a", SES), "stands alone"),
        ((SES, SES), "once"),
        ((SES.replace("eu-central-1?", "europe?"),), "region"),
        ((SES.replace("configuration_set=shop", "configuration_set=a%20b"),), "configuration_set"),
        ((SES.replace("configuration_set=shop&", ""),), "needs the parameter configuration_set"),
        ((SES.replace(TOPIC, "arn:aws:sqs:eu-central-1:123456789012:mails"),), "topic"),
        ((f"{SES}&endpoint=http://ses.example",), "https"),
        ((f"{SES}&endpoint=ftp://127.0.0.1",), "endpoint"),
        (("gopher://host",), "allowed is smtp"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_is_allowed(urls: tuple[str, ...], problem: str) -> None:
    with pytest.raises(MailUrlError, match=problem):
        parse_mail_urls(urls)


def test_a_refusal_does_not_repeat_the_password() -> None:
    with pytest.raises(MailUrlError) as refused:
        parse_mail_urls(("smtp://shop:hunter2@",))
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
    parsed = smtp(f"{url}?{SHOP}")
    assert parsed.start_tls is start_tls
    assert parsed.is_implicit_tls == url.startswith("smtps:")
