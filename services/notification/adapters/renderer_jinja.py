"""Texts from Jinja2 templates: `templates/<name>.html.j2` and `templates/<name>.txt.j2`.

The first line of the plain text is the subject, the second is empty.
"""

from pathlib import Path
from typing import Any

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from mesh.money import money_text
from services.kernel.money import Money
from services.notification.domain.delivery import Delivery
from services.notification.domain.message import Contact, Text
from services.notification.domain.order_summary import OrderSummary

_TEMPLATES = Path(__file__).parent / "templates"


class JinjaRenderer:
    """Writes every text twice. Styles go into the elements: mail readers drop style sheets."""

    def __init__(self, *, shop_url: str) -> None:
        self._shop_url = shop_url
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["money"] = _money
        self._inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)

    def render(self, delivery: Delivery, contact: Contact, order: OrderSummary | None) -> Text:
        parcel = order.parcel_of(delivery.notification_id) if order else None
        shown = {"contact": contact, "order": order, "parcel": parcel, "shop_url": self._shop_url}
        subject, _, plain = self._filled(f"{delivery.template}.txt.j2", shown).partition("\n\n")
        html = self._filled(f"{delivery.template}.html.j2", {**shown, "subject": subject})
        return Text(subject=subject, html=self._inliner.inline(html), plain=plain)

    def _filled(self, name: str, shown: dict[str, Any]) -> str:
        return self._environment.get_template(name).render(shown)


@pass_context
def _money(context: Context, money: Money) -> str:
    """An amount as the one who gets the mail writes it."""
    return money_text(money, context["contact"].locale)
