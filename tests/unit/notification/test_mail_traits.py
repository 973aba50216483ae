"""Every mail as spam filters see it, read by another library than the one that writes it."""

import re
from email.headerregistry import Address
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

import pytest
from fast_mail_parser import parse_email, parse_email_tree

from services.notification.adapters.mime import compose
from services.notification.adapters.renderer_jinja import JinjaRenderer
from services.notification.domain.choice_link import ChoiceLinks
from services.notification.domain.message import Message
from services.notification.gallery import Example, examples, rendered
from tests.support.events import MORNING

SENDER = Address("shopmesh", "hello", "shop.example")
SITE = "https://shop.example"
HELP = Address("Käthes Hilfe", "help", "shop.example")
RENDERER = JinjaRenderer(links=ChoiceLinks(b"key", SITE))
ANSWERED = JinjaRenderer(links=ChoiceLinks(b"key", SITE), reply_to=HELP)
MAILS = list(examples(RENDERER.languages))
_LINK = re.compile(r"https?://[^\s<>\"]+")
_ANSWERS = {
    "You reach us by answering this mail.",
    "Sie erreichen uns, wenn Sie auf diese Mail antworten.",
}
_HREF = re.compile(r'href="([^"]+)"')


@pytest.fixture(params=MAILS, ids=lambda mail: f"{mail.name}-{mail.contact.locale}")
def example(request: pytest.FixtureRequest) -> Example:
    found: Example = request.param
    return found


@pytest.fixture
def content(example: Example) -> bytes:
    text = rendered(example, RENDERER)
    return compose(Message("m-1", example.contact, text, "", MORNING), sender=SENDER)


@pytest.fixture
def parsed(content: bytes) -> Any:
    return parse_email(content)


def test_the_headers_are_there_once_and_right(example: Example, parsed: Any) -> None:
    headers = parsed.headers
    for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"):
        assert len(headers[name]) == 1, name
    assert headers["From"] == [str(SENDER)]
    assert "Reply-To" not in headers
    assert headers["Message-ID"] == [f"<m-1@{SENDER.domain}>"]
    assert parsedate_to_datetime(headers["Date"][0]) == MORNING
    assert not parsed.subject.isupper()
    assert "!" not in parsed.subject
    assert parsed.subject == rendered(example, RENDERER).subject


def test_it_says_whether_somebody_reads_answers(example: Example, parsed: Any) -> None:
    text = rendered(example, ANSWERED)
    answered = parse_email(compose(Message("m-1", example.contact, text, "", MORNING), sender=SENDER))

    assert parseaddr(answered.headers["Reply-To"][0]) == (HELP.display_name, HELP.addr_spec)
    for silent, open_ in ((parsed.text_plain, answered.text_plain), (parsed.text_html, answered.text_html)):
        assert not {*_lines(silent[0])} & _ANSWERS
        assert {*_lines(open_[0])} & _ANSWERS


def test_it_unsubscribes_by_one_click_where_one_can_choose(example: Example, parsed: Any) -> None:
    names = ("List-Unsubscribe", "List-Unsubscribe-Post")
    found = [parsed.headers[name] for name in names if name in parsed.headers]

    if not example.template.is_about_an_order:
        assert found == []
        return
    ((link,), post) = found
    topic = example.template.topic.value
    assert re.fullmatch(rf"<{SITE}/mail/unsubscribe\?token=[\w.-]+&topic={topic}>", link.strip())
    assert post == ["List-Unsubscribe=One-Click"]


def test_it_is_one_tree_of_a_text_and_its_html(content: bytes, parsed: Any) -> None:
    tree = parse_email_tree(content)
    assert tree.content_type == "multipart/alternative"
    assert [part.content_type for part in tree.children] == ["text/plain", "text/html"]
    assert len(parsed.text_plain) == len(parsed.text_html) == 1
    assert not parsed.attachments
    assert not parsed.warnings


def test_its_lines_are_short_and_end_as_they_should(content: bytes) -> None:
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", content)
    assert content.isascii()


def test_it_loads_nothing_and_leads_only_to_the_shop(example: Example, parsed: Any) -> None:
    html, plain = parsed.text_html[0], parsed.text_plain[0]
    ours = (SITE, example.contact.link)
    assert not re.search(r"<(script|img|link|iframe|object|form|input)\b|@import|url\(", html)
    for link in (*_HREF.findall(html), *_LINK.findall(plain)):
        assert link.startswith(ours), link


def test_both_forms_say_the_same(parsed: Any) -> None:
    html, plain = parsed.text_html[0], parsed.text_plain[0]
    shown = re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    numbers = set(re.findall(r"\d[\d.,]*\d", plain.replace("\xa0", " ")))

    missing = {number for number in numbers if number not in shown and number not in html}
    assert not missing


def _lines(text: str) -> list[str]:
    """What is between line breaks and tags."""
    return [line.strip() for line in re.split(r"\n|<[^>]+>", text)]
