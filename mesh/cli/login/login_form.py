"""Reads the login page the way a browser does: which form, which fields, where to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(slots=True)
class Form:
    """An HTML form with the values it starts with."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    password_field: str = ""
    name_field: str = ""

    def filled(self, *, name: str, password: str) -> Mapping[str, str]:
        """The fields to send for a login."""
        return {**self.fields, self.name_field: name, self.password_field: password}


def login_form(page: str) -> Form | None:
    """The first form of a page that asks for a password; None when there is none."""
    reader = _FormReader()
    reader.feed(page)
    return next((form for form in reader.forms if form.password_field), None)


def alert(page: str) -> str:
    """What a page says went wrong; empty when it says nothing."""
    reader = _FormReader()
    reader.feed(page)
    return reader.alert.strip()


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.alert = ""
        self._in_alert = False

    def handle_endtag(self, tag: str) -> None:
        self._in_alert = False

    def handle_data(self, data: str) -> None:
        if self._in_alert:
            self.alert += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._in_alert = given.get("role") == "alert"
        if tag == "form":
            self.forms.append(Form(action=given.get("action", "")))
        elif tag == "input" and self.forms and given.get("name"):
            _add(self.forms[-1], given)


def _add(form: Form, given: Mapping[str, str]) -> None:
    name, kind = given["name"], given.get("type", "text")
    match kind:
        case "password":
            form.password_field = name
        case "email" | "text":
            form.name_field = form.name_field or name
        case "checkbox" | "radio" | "submit" | "button":
            return
        case _:
            form.fields[name] = given.get("value", "")
