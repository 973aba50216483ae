"""What every mailer promises."""

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme
from fast_mail_parser import parse_email

from services.notification.adapters.mailer_folder import FolderMailer
from services.notification.adapters.mailer_ses import SesMailer
from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.application.ports import Mailer
from services.notification.domain.answer import (
    Accepted,
    AnswerLost,
    NotAllowed,
    Refused,
    RefusedForNow,
    Unavailable,
)
from tests.support.mail import MUG_ORDER, SmtpServer, mail, parse, smtp_server, smtp_url
from tests.support.ses import fake_ses, use_credentials


@dataclass
class Post:
    """A mailer, one whose provider is away, and what arrived."""

    mailer: Mailer
    broken: Mailer
    arrived: Callable[[], list[EmailMessage]]


def smtp_mailer(server: SmtpServer) -> SmtpMailer:
    return SmtpMailer(smtp_url(server.port))


def closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@pytest.fixture(params=["folder", "smtp", "ses"])
async def post(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        if request.param == "folder":
            folder, in_the_way = tmp_path / "mail", tmp_path / "file"
            in_the_way.touch()
            yield Post(
                mailer=FolderMailer(folder),
                broken=FolderMailer(in_the_way),
                arrived=lambda: [parse(path.read_bytes()) for path in sorted(folder.iterdir())],
            )
        elif request.param == "ses":
            use_credentials(monkeypatch)
            fake = await stack.enter_async_context(fake_ses())
            away = replace(fake.url, endpoint=f"http://127.0.0.1:{closed_port()}")
            yield Post(
                mailer=await stack.enter_async_context(SesMailer.opened(fake.url)),
                broken=await stack.enter_async_context(SesMailer.opened(away)),
                arrived=lambda: fake.mails,
            )
        else:
            server = await stack.enter_async_context(smtp_server())
            yield Post(
                mailer=smtp_mailer(server),
                broken=SmtpMailer(smtp_url(closed_port())),
                arrived=lambda: [parse(received.content) for received in server.received],
            )


async def test_a_mail_arrives_with_both_texts(post: Post) -> None:
    await post.mailer.send(mail())
    [arrived] = post.arrived()
    html, plain = arrived.get_body(("html",)), arrived.get_body(("plain",))
    assert html is not None
    assert plain is not None
    assert (html.get_content().strip(), plain.get_content().strip()) == (
        "<p>Your mug: €12.50</p>",
        "Your mug: €12.50",
    )
    assert arrived["Subject"] == "We have your order"
    assert arrived["To"] == "Alice <alice@example.com>"


async def test_a_mail_names_itself_and_its_trace(post: Post) -> None:
    await post.mailer.send(mail())
    [arrived] = post.arrived()
    assert arrived["Message-ID"].startswith(f"<{MUG_ORDER}@shop")
    assert arrived["X-Trace-Id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert arrived["Date"] == "Mon, 23 Nov 2026 08:00:00 +0000"


async def test_a_repeat_is_the_same_mail_to_the_byte(post: Post) -> None:
    await post.mailer.send(mail())
    await post.mailer.send(mail())
    assert len({bytes(arrived) for arrived in post.arrived()}) == 1


async def test_names_and_subjects_may_have_any_letters(post: Post) -> None:
    await post.mailer.send(mail(display_name='Zoë "Zoo" Å, Jr.', subject="Für Zoë: 12,50 €"))
    [arrived] = post.arrived()
    [recipient] = arrived["To"].addresses
    assert (recipient.display_name, recipient.addr_spec) == ('Zoë "Zoo" Å, Jr.', "alice@example.com")
    assert arrived["Subject"] == "Für Zoë: 12,50 €"


async def test_another_library_than_wrote_a_mail_reads_the_same(post: Post) -> None:
    written = mail(display_name='Zoë "Zoo" Å, Jr.', subject=f"Für Zoë: 12,50 €{' und mehr' * 20}")
    await post.mailer.send(written)
    [arrived] = post.arrived()

    read = parse_email(bytes(arrived))

    assert not read.warnings
    assert read.subject == written.text.subject
    assert [(each.display_name, each.address) for each in read.to] == [
        ('Zoë "Zoo" Å, Jr.', "alice@example.com")
    ]
    assert [text.strip() for text in read.text_plain] == [written.text.plain.strip()]
    assert [text.strip() for text in read.text_html] == [written.text.html.strip()]
    assert not read.attachments


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\x00"])
async def test_a_line_break_starts_no_header(post: Post, line_break: str) -> None:
    injected = f"x{line_break}Bcc: eve@example.com{line_break}{line_break}<h1>Gift</h1>"
    await post.mailer.send(mail(display_name=injected, subject=injected, trace_id=injected))
    [arrived] = post.arrived()
    assert arrived["Bcc"] is None
    assert [address.addr_spec for address in arrived["To"].addresses] == ["alice@example.com"]
    html = arrived.get_body(("html",))
    assert html is not None
    assert "Gift" not in html.get_content()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "alice",
        "alice@",
        "alice@example.com, eve@example.com",
        "alice@example.com\r\nBcc: eve@example.com",
        "alice@example.com>\r\nRCPT TO:<eve@example.com",
        "Alice <alice@example.com>",
    ],
)
async def test_what_is_no_address_is_refused(post: Post, address: str) -> None:
    answer = await post.mailer.send(mail(email=address))
    assert answer == Refused("the recipient's address cannot be used")


async def test_a_provider_that_takes_a_mail_says_so(post: Post) -> None:
    assert isinstance(await post.mailer.send(mail()), Accepted)
    assert await post.mailer.is_reachable()


async def test_a_provider_that_is_away_has_certainly_not_taken_it(post: Post) -> None:
    assert isinstance(await post.broken.send(mail()), Unavailable)


async def test_forgetting_is_no_error_for_any_mail(post: Post) -> None:
    await post.mailer.send(mail())
    await post.mailer.forget(MUG_ORDER)
    await post.mailer.forget(MUG_ORDER)


async def test_folder_the_file_is_named_by_the_id_and_readable_by_the_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    mailer = FolderMailer(folder)
    await mailer.send(mail())
    [file] = folder.iterdir()
    assert file.name == f"{MUG_ORDER}.eml"
    assert file.stat().st_mode & 0o777 == 0o600
    await mailer.forget(MUG_ORDER)
    assert list(folder.iterdir()) == []


async def test_folder_one_that_cannot_be_written_shows(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert await FolderMailer(tmp_path / "mail").is_reachable()
    assert not await FolderMailer(tmp_path / "file").is_reachable()


async def test_smtp_the_mail_goes_to_its_recipient_only() -> None:
    async with smtp_server() as server:
        await smtp_mailer(server).send(mail())
    assert [received.recipients for received in server.received] == [["alice@example.com"]]


async def test_smtp_a_recipient_that_does_not_exist_is_refused() -> None:
    async with smtp_server() as server:
        server.recipient_answer = "550 no such mailbox"
        assert await smtp_mailer(server).send(mail()) == RefusedForNow("recipient refused", "550")


@pytest.mark.parametrize(
    ("recipient_answer", "data_answer"),
    [
        ("451 try again", ""),
        ("250 OK", "451 quota exceeded"),
        ("250 OK", "554 Message rejected: Email address is not verified"),
    ],
)
async def test_smtp_what_may_be_put_right_is_tried_again(recipient_answer: str, data_answer: str) -> None:
    async with smtp_server() as server:
        server.recipient_answer, server.data_answer = recipient_answer, data_answer
        assert isinstance(await smtp_mailer(server).send(mail()), Unavailable)


async def test_smtp_it_logs_in_with_the_urls_user_and_password() -> None:
    async with smtp_server(login=True) as server:
        url = smtp_url(server.port, login="shop%40example.com:p%2Fw%3A1@")
        await SmtpMailer(url).send(mail())
    assert server.logins == [("shop@example.com", "p/w:1")]
    assert len(server.received) == 1


async def test_smtp_with_tls_only_a_trusted_certificate_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with smtp_server(tls=context) as server:
        mailer = SmtpMailer(smtp_url(server.port, scheme="smtps"))
        assert isinstance(await mailer.send(mail()), Unavailable)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        await mailer.send(mail())
    assert len(server.received) == 1


async def test_smtp_the_return_of_the_server_shows() -> None:
    port, now = closed_port(), [0.0]
    mailer = SmtpMailer(smtp_url(port), clock=lambda: now[0])
    assert not await mailer.is_reachable()
    async with smtp_server(port=port):
        now[0] += 1.5
        assert await mailer.is_reachable()


async def test_smtp_one_connection_takes_several_mails() -> None:
    async with smtp_server() as server, SmtpMailer.opened(smtp_url(server.port)) as mailer:
        for _ in range(3):
            assert await mailer.send(mail()) == Accepted()
        assert (len(server.received), server.connections) == (3, 1)


async def test_smtp_a_connection_that_the_server_has_closed_costs_no_mail() -> None:
    async with smtp_server() as server, SmtpMailer.opened(smtp_url(server.port)) as mailer:
        await mailer.send(mail())
        server.drop_connections()
        assert await mailer.send(mail()) == Accepted()


async def test_smtp_an_answer_that_is_lost_is_no_refusal() -> None:
    async with smtp_server() as server:
        server.loses_answers = True
        assert isinstance(await smtp_mailer(server).send(mail()), AnswerLost)
        assert len(server.received) == 1


async def test_smtp_a_login_that_is_refused_is_ours_to_put_right() -> None:
    async with smtp_server(login=True) as server:
        server.knows_nobody = True
        mailer = SmtpMailer(smtp_url(server.port, login="shop:wrong@"))
        assert await mailer.send(mail()) == NotAllowed("credentials not valid", "535")
