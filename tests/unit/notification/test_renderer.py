"""Every text, as HTML and as plain text."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment
from jinja2.meta import find_undeclared_variables

from services.kernel.money import Money
from services.notification.adapters import renderer_jinja
from services.notification.adapters.renderer_jinja import JinjaRenderer
from services.notification.domain.choice_link import ChoiceLinks
from services.notification.domain.delivery import Delivery
from services.notification.domain.message import Contact, Text
from services.notification.domain.order_summary import OrderedLine, OrderSummary
from services.notification.domain.template import Template, Topic
from services.notification.gallery import examples, write
from tests.support.events import MORNING
from tests.support.mail import ALICE, MUG_ORDER

TIMES = "\N{MULTIPLICATION SIGN}"
SHOP = "http://localhost:8080/"
LINK = "http://localhost:8080/account/verify?token=secret&more=1"

TEMPLATES = sorted(Path(renderer_jinja.__file__).with_name("templates").rglob("*.j2"))
GIVEN = {
    *("language", "greeting", "contact", "order", "parcel", "shop_url", "order_url", "preferences_url"),
    "is_answered",
    *("layout", "kit", "_", "gettext", "ngettext", "self"),
    *(name for file in TEMPLATES for name in re.findall(r"{%-? (?:macro|set) (\w+)", file.read_text())),
}
"""All that a template may ask for: what it is rendered with, and what templates define for their blocks."""

PLACED = OrderSummary(
    MUG_ORDER,
    ALICE,
    (OrderedLine("MUG-RED", "Enamel mug, red", 2), OrderedLine("LAMP-BRASS", "Brass <b>lamp</b> & shade", 1)),
)
CONFIRMED = PLACED.confirmed(
    (Money("EUR", 12, 500_000_000), Money("EUR", 1299, 900_000_000)), Money("EUR", 1324, 900_000_000)
)


class Elements(HTMLParser):
    """What an HTML text is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.sources: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        named = dict(attrs)
        self.links.add(named.get("href") or "")
        self.sources.add(named.get("src") or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def render(
    template: Template,
    order: OrderSummary | None = None,
    *,
    name: str = "Alice",
    link: str = "",
    locale: str = "en",
    site: str = SHOP.rstrip("/"),
) -> Text:
    delivery = Delivery.due(template, subject_id=MUG_ORDER, user_id=ALICE, trace="", now=MORNING)
    return JinjaRenderer(links=ChoiceLinks(b"key", site)).render(
        delivery, Contact("alice@example.com", name, locale, link), order
    )


def any_text(template: Template, *, name: str = "Alice") -> Text:
    return render(template, CONFIRMED if template.is_about_an_order else None, name=name, link=LINK)


@pytest.mark.parametrize("template", Template, ids=str)
def test_every_text_has_a_subject_a_greeting_and_both_forms(template: Template) -> None:
    text = any_text(template)
    assert text.subject
    assert "\n" not in text.subject
    assert "Hello Alice," in text.plain
    assert "Hello Alice," in Elements(text.html).text
    assert "{" not in text.plain


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_no_template_asks_for_what_it_is_not_given(file: Path) -> None:
    environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    environment.filters |= {"money": str, "fill": str}

    assert find_undeclared_variables(environment.parse(file.read_text())) <= GIVEN


@pytest.mark.parametrize("template", Template, ids=str)
def test_nobody_without_a_name_is_greeted_oddly(template: Template) -> None:
    text = any_text(template, name="")
    assert "Hello,\n" in text.plain
    assert "Hello," in Elements(text.html).text


@pytest.mark.parametrize("template", Template, ids=str)
def test_styles_are_in_the_elements_and_nothing_is_loaded(template: Template) -> None:
    html = any_text(template).html
    elements = Elements(html)
    assert elements.sources == {""}
    assert elements.tags.isdisjoint({"script", "img", "link", "iframe"})
    assert 'style="' in html
    assert not re.search(r"@import|url\(", html)


@pytest.mark.parametrize("template", Template, ids=str)
def test_a_name_is_text_and_never_markup(template: Template) -> None:
    elements = Elements(any_text(template, name="<script>alert(1)</script>").html)
    assert "script" not in elements.tags
    assert "<script>alert(1)</script>" in elements.text


@pytest.mark.parametrize("template", [Template.VERIFY_EMAIL, Template.RESET_PASSWORD], ids=str)
def test_the_link_is_there_as_it_is(template: Template) -> None:
    text = any_text(template)
    assert f"\n{LINK}\n" in text.plain
    assert LINK in Elements(text.html).links


def test_a_confirmation_shows_lines_prices_and_total() -> None:
    text = render(Template.ORDER_CONFIRMED, CONFIRMED)
    shown = Elements(text.html).text
    for expected in (
        "Enamel mug, red",
        f"2 {TIMES} €12.50",
        "€25.00",
        "Brass <b>lamp</b> & shade",
        "€1,324.90",
    ):
        assert expected in shown
    for expected in (f"2 {TIMES} Enamel mug, red  €25.00", "Total  €1,324.90", MUG_ORDER):
        assert expected in text.plain
    assert "7C9E6679" in text.subject


def test_a_rejection_shows_what_fell_short_and_no_price() -> None:
    rejected = PLACED.ended("OUT_OF_STOCK", {"MUG-RED": 1, "LAMP-BRASS": 0})
    text = render(Template.ORDER_REJECTED, rejected)
    assert "only 1 left" in text.plain
    assert "sold out" in text.plain
    assert "€" not in text.plain + text.html


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("OUT_OF_STOCK", "something in it sold out"),
        ("PRICE_CHANGED", "a price in it changed"),
        ("UNKNOWN_SKU", "no longer sold"),
        ("UNAVAILABLE", "could not work on your order in time"),
    ],
)
def test_a_rejection_says_why(reason: str, words: str) -> None:
    text = render(Template.ORDER_REJECTED, PLACED.ended(reason))
    assert words in text.plain.replace("\n", " ")
    assert words in Elements(text.html).text


def test_a_cancellation_says_whose_wish_it_was() -> None:
    by_customer = render(Template.ORDER_CANCELLED, CONFIRMED.ended("CUSTOMER"))
    by_shortage = render(Template.ORDER_CANCELLED, CONFIRMED.ended("SHORTAGE"))
    assert "As you asked" in by_customer.plain
    assert "We are sorry" in by_shortage.plain


def test_a_line_without_a_name_shows_its_sku() -> None:
    unnamed = OrderSummary(MUG_ORDER, ALICE, (OrderedLine("MUG-RED", "", 1),))
    assert f"1 {TIMES} MUG-RED" in render(Template.ORDER_SHIPPED, unnamed).plain


@pytest.mark.parametrize(
    ("price", "shown"),
    [
        (Money("EUR", 0, 5_000_000), "€0.005"),
        (Money("EUR", 0, 990_000_000), "€0.99"),
        (Money("GBP", 1_234_567), "£1,234,567.00"),
        (Money("JPY", 1500), "¥1,500"),
        (Money("CHF", 3, 990_000_000), "CHF\u00a03.99"),
        (Money("KWD", 3, 999_000_000), "KWD\u00a03.999"),
    ],
)
def test_amounts_are_written_as_people_do(price: Money, shown: str) -> None:
    order = OrderSummary(MUG_ORDER, ALICE, (OrderedLine("MUG-RED", "Mug", 1),)).confirmed((price,), price)
    assert f"Total  {shown}" in render(Template.ORDER_CONFIRMED, order).plain


def test_prices_that_do_not_fit_the_lines_are_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        PLACED.confirmed((Money("EUR", 1),), Money("EUR", 1))


@pytest.mark.parametrize("template", Template, ids=str)
def test_a_mail_speaks_the_language_of_the_account(template: Template) -> None:
    order = CONFIRMED if template.is_about_an_order else None
    english, austrian, korean = (
        render(template, order, link=LINK, locale=locale) for locale in ("en-GB", "de-AT", "ko")
    )

    assert korean.subject == english.subject != austrian.subject
    assert '<html lang="de">' in austrian.html
    assert "Guten Tag Alice!" in austrian.plain
    assert "Hello" not in austrian.plain + austrian.html


def test_amounts_follow_the_language_too() -> None:
    assert (
        "Summe  1.324,90\N{NO-BREAK SPACE}€" in render(Template.ORDER_CONFIRMED, CONFIRMED, locale="de").plain
    )


@pytest.mark.parametrize(
    "name", ["evil.example", "https://evil", "me@evil.example", "Win at evil.example now"]
)
def test_a_name_that_a_program_would_make_a_link_of_is_left_out(name: str) -> None:
    text = render(Template.PASSWORD_CHANGED, name=name)

    assert name not in text.plain + text.html
    assert text.plain.startswith("Hello,")


@pytest.mark.parametrize("name", ["J.R.R. Tolkien", "Zoë Ångström-Ōtsuka", "王小明", "Anna/Bert", "O'Neill"])
def test_any_other_name_is_greeted(name: str) -> None:
    assert f"Hello {name}," in render(Template.PASSWORD_CHANGED, name=name).plain


def test_an_order_mail_leads_to_its_order() -> None:
    text = render(Template.ORDER_CONFIRMED, CONFIRMED)

    assert f"{SHOP}#/orders/{MUG_ORDER}" in text.plain
    assert f"{SHOP}#/orders/{MUG_ORDER}" in Elements(text.html).links


@pytest.mark.parametrize("template", Template, ids=str)
def test_plain_text_is_as_wide_as_mails_are(template: Template) -> None:
    text = any_text(template)

    assert all(len(line) <= 76 for line in text.plain.splitlines() if "http" not in line)
    assert "\n\n\n" not in text.plain


def test_the_gallery_shows_every_mail_in_every_language(tmp_path: Path) -> None:
    shown = list(examples(("en", "de")))
    index = write(tmp_path)

    pairs = {(example.template, example.contact.locale) for example in shown}
    assert pairs == {(template, locale) for template in Template for locale in ("en", "de")}
    assert len(list(tmp_path.glob("*.html"))) == 1 + len(shown)
    assert index.read_text().count("<li>") == len(shown)


@pytest.mark.parametrize("template", Template, ids=str)
def test_order_mails_can_be_unsubscribed_by_one_click_where_there_is_https(template: Template) -> None:
    order = CONFIRMED if template.is_about_an_order else None
    http, https = render(template, order), render(template, order, site="https://shop.example")

    assert http.unsubscribe_url == ""
    if template.topic is Topic.ACCOUNT:
        assert https.unsubscribe_url == ""
        assert "/mail/preferences" not in https.html + https.plain
    else:
        assert https.unsubscribe_url.startswith("https://shop.example/mail/unsubscribe?token=")
        assert https.unsubscribe_url.endswith(f"topic={template.topic.value}")
        assert "https://shop.example/mail/preferences?token=" in https.plain
