"""Shows every mail in every language: `python -m services.notification.gallery FOLDER`.

Writes `index.html` and a page for each mail, among them some that are hard to write: a name of many scripts,
a hundred lines, yen and dinars, three parcels.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from services.kernel.money import Money
from services.notification.adapters.renderer_jinja import JinjaRenderer
from services.notification.domain.choice_link import ChoiceLinks
from services.notification.domain.delivery import Delivery
from services.notification.domain.message import Contact, Text
from services.notification.domain.order_summary import OrderedLine, OrderSummary, Parcel
from services.notification.domain.template import Template

_SITE = "http://localhost:8080"
_ORDER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
_MORNING = datetime(2026, 11, 23, 8, tzinfo=UTC)
_LINES = (
    OrderedLine("MUG-RED", "Enamel mug, red", 2),
    OrderedLine("LAMP-BRASS", "Lampe aus Messing, 40 cm", 1),
    OrderedLine("TEA-SENCHA", "煎茶 Sencha, 100 g", 3),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A mail as somebody would get it.

    Attributes:
        name: Of the example, for the list.
        order: What it is about; None: an account.
    """

    name: str
    template: Template
    contact: Contact
    order: OrderSummary | None = None


def examples(languages: Sequence[str]) -> Iterator[Example]:
    """Every mail in every language, and those that are hard to write."""
    for template in Template:
        for language in languages:
            yield Example(str(template), template, _contact(language), _order_for(template))
    english, german = _contact("en"), _contact("de")
    unicode = replace(english, display_name="Zoë Ångström-Ōtsuka 王小明")
    yield Example("a name of many scripts", Template.ORDER_CONFIRMED, unicode, _confirmed())
    yield Example("100 lines", Template.ORDER_CONFIRMED, german, _long())
    yield Example("yen", Template.ORDER_CONFIRMED, english, _confirmed("JPY"))
    yield Example("dinars", Template.ORDER_CONFIRMED, german, _confirmed("KWD"))
    yield from (
        Example(f"parcel {number} of 3", Template.ORDER_SHIPPED, english, order)
        for number, order in enumerate(_parcels(), start=1)
    )


def rendered(example: Example, renderer: JinjaRenderer) -> Text:
    """An example as it is sent."""
    delivery = Delivery.due(example.template, subject_id=_ORDER, user_id=_ORDER, trace="", now=_MORNING)
    if example.order and example.order.parcels:
        delivery = replace(delivery, notification_id=example.order.parcels[-1].notification_id)
    return renderer.render(delivery, example.contact, example.order)


def write(folder: Path) -> Path:
    """Write the gallery; returns its index."""
    folder.mkdir(parents=True, exist_ok=True)
    renderer, entries = JinjaRenderer(links=ChoiceLinks(b"example", _SITE)), list[str]()
    for number, example in enumerate(examples(renderer.languages), start=1):
        text, file = rendered(example, renderer), f"{number:03}.html"
        folder.joinpath(file).write_text(text.html)
        label = f"{example.name} ({example.contact.locale}): {text.subject}"
        entries.append(
            f'<li><a href="{file}">{escape(label)}</a><details><summary>as text</summary>'
            f"<pre>{escape(text.plain)}</pre></details></li>"
        )
    index = folder / "index.html"
    index.write_text(_INDEX.format(entries="\n".join(entries)))
    return index


_INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="color-scheme" content="light dark"><title>Mails of shopmesh</title>
<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto}}</style>
</head><body><h1>Mails of shopmesh</h1><ol>
{entries}
</ol></body></html>
"""


def _contact(language: str) -> Contact:
    return Contact("alice@example.com", "Alice", language, f"{_SITE}/account/verify?token=example")


def _order_for(template: Template) -> OrderSummary | None:
    match template:
        case Template.ORDER_REJECTED:
            return _placed().ended("OUT_OF_STOCK", {"MUG-RED": 1, "LAMP-BRASS": 0})
        case Template.ORDER_CANCELLED:
            return _confirmed().ended("SHORTAGE")
        case _ if template.is_about_an_order:
            return _confirmed()
    return None


def _placed() -> OrderSummary:
    return OrderSummary(_ORDER, _ORDER, _LINES)


def _confirmed(currency: str = "EUR") -> OrderSummary:
    prices = tuple(Money(currency, units) for units in (12, 1299, 8))
    return _placed().confirmed(prices, Money(currency, 1347))


def _long() -> OrderSummary:
    lines = tuple(OrderedLine(f"SKU-{number}", f"Artikel {number}", number) for number in range(1, 101))
    prices = tuple(Money("EUR", 1) for _ in lines)
    return OrderSummary(_ORDER, _ORDER, lines).confirmed(prices, Money("EUR", 5050))


def _parcels() -> Iterator[OrderSummary]:
    """An order after each of its three parcels."""
    order = _confirmed()
    for number, pieces in enumerate(
        ({"MUG-RED": 1}, {"MUG-RED": 1, "TEA-SENCHA": 3}, {"LAMP-BRASS": 1}), start=1
    ):
        parcel = Parcel(f"parcel-{number}", f"mail-{number}", pieces, "DHL", f"00340434{number}")
        order = order.shipped(parcel)
        yield order


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m services.notification.gallery FOLDER")
    sys.stdout.write(f"{write(Path(sys.argv[1])).resolve().as_uri()}\n")
