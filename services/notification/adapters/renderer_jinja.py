"""Mails from Jinja2 templates, each written once: `templates/mails/<name>.j2`.

A template says what is in a mail; `html/` and `text/` say how it looks in each form. English stands in the
templates, every other language is a catalogue of gettext in `locale/`.
"""

import re
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from email.headerregistry import Address
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from mesh.languages import Catalogues, Translations
from mesh.money import money_text
from services.kernel.money import Money
from services.notification.domain.choice_link import ChoiceLinks
from services.notification.domain.delivery import Delivery
from services.notification.domain.message import Contact, Text
from services.notification.domain.order_summary import OrderSummary
from services.notification.domain.template import Topic

_TEMPLATES = Path(__file__).parent / "templates"
_WIDTH = 76
"""Of a line of plain text, in characters (RFC 5322 §2.1.1)."""
_BLANK_LINES = re.compile(r"\n{3,}")
_LINK_IN_NAME = re.compile(r"\w\.\w{2,}|://|@")
"""What mail programs make a link of; initials are none."""


class JinjaRenderer:
    """Writes every mail twice. Styles go into the elements: mail readers drop style sheets."""

    def __init__(self, *, links: ChoiceLinks, reply_to: Address | None = None) -> None:
        """Read the catalogues.

        Args:
            links: Where links lead to: to the shop, and to what one chooses.
            reply_to: The mailbox that answers reach; None: nobody reads them.
        """
        self._links = links
        self._reply_to = reply_to
        self._shop_url = f"{links.site}/"
        self._catalogues = Catalogues(_TEMPLATES / "locale")
        self._environments = {
            (form, language): _environment(form, self._catalogues.words(language))
            for form in ("html", "text")
            for language in self._catalogues.languages
        }
        self.languages = self._catalogues.languages
        self._inliner = css_inline.CSSInliner(load_remote_stylesheets=False)

    def render(self, delivery: Delivery, contact: Contact, order: OrderSummary | None) -> Text:
        language = self._catalogues.language_of(contact.locale)
        words = self._catalogues.words(language)
        contact = replace(contact, display_name=_plain_name(contact.display_name))
        shown = {
            "language": language,
            "greeting": _greeting(words, contact.display_name),
            "contact": contact,
            "order": order,
            "parcel": order.parcel_of(delivery.original_id) if order else None,
            "is_answered": self._reply_to is not None,
            "shop_url": self._shop_url,
            "order_url": f"{self._shop_url}#/orders/{order.order_id}" if order else "",
            "preferences_url": self._links.preferences(delivery.user_id) if order else "",
        }
        subject, _, plain = self._filled("text", language, delivery, shown).partition("\n\n")
        html = self._filled("html", language, delivery, shown)
        plain = _BLANK_LINES.sub("\n\n", plain).strip("\n") + "\n"
        return Text(
            subject=subject,
            html=self._inliner.inline(html),
            plain=plain,
            unsubscribe_url=self._unsubscribe_url(delivery),
            reply_to=self._reply_to,
        )

    def _unsubscribe_url(self, delivery: Delivery) -> str:
        topic = delivery.template.topic
        if topic is Topic.ACCOUNT or not self._links.one_click:
            return ""
        return self._links.unsubscribe(delivery.user_id, topic.value)

    def _filled(self, form: str, language: str, delivery: Delivery, shown: Mapping[str, Any]) -> str:
        template = self._environments[form, language].get_template(f"mails/{delivery.template}.j2")
        return template.render(shown)


def _environment(form: str, words: Translations) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=(), default=form == "html"),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {"money": _money, "fill": _fill}
    environment.globals |= {"layout": f"{form}/layout.j2", "kit": f"{form}/kit.j2"}
    return environment


def _greeting(words: Translations, name: str) -> str:
    return words.gettext("Hello %(name)s,") % {"name": name} if name else words.gettext("Hello,")


def _plain_name(name: str) -> str:
    """A name as a person has it; one that a mail program would make a link of is nobody's."""
    return "" if _LINK_IN_NAME.search(name) else name


def _fill(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


@pass_context
def _money(context: Context, money: Money) -> str:
    """An amount as the one who gets the mail writes it."""
    return money_text(money, context["contact"].locale)
