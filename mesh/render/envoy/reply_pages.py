"""Envoy's own refusals as pages in words, for browsers that show them to a person."""

import base64
from dataclasses import dataclass
from hashlib import sha256
from html import escape

from mesh.render.envoy.xds import Config, header

_STYLE = (
    ":root{color-scheme:light dark;--ink:#1d2430;--quiet:#566072;--paper:#fff;--ground:#eef1f5;"
    "--accent:#0b5cad}"
    "@media(prefers-color-scheme:dark){:root{--ink:#edf0f4;--quiet:#aab4c2;--paper:#1b212b;--ground:#11151b;"
    "--accent:#7db8f5}}"
    "body{margin:0;padding:1rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}"
    "header,main{max-width:34rem;margin:0 auto}header{padding:1rem 0;font-weight:700;font-size:1.25rem}"
    "main{padding:2rem;background:var(--paper);border-radius:.75rem}h1{margin:0;font-size:1.5rem}"
    "p{margin:1rem 0 0;color:var(--quiet)}a{color:var(--accent)}"
)
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_TRACE_ID = "%RESP(X-TRACE-ID)%"


@dataclass(frozen=True, slots=True)
class Words:
    """What a page says, and where it leads.

    Attributes:
        to: A path of the shop.
        way_on: What the link to it is called.
    """

    title: str
    text: str
    way_on: str
    to: str = "/"


_SHOP = {"en": "To the shop", "de": "Zum Shop"}
_WORDS: dict[str, dict[int, Words]] = {
    "en": {
        401: Words("You are not logged in", "Log in, and try again.", "Log in", "/session/login"),
        404: Words("There is nothing here", "The address was mistyped, or is an old one.", _SHOP["en"]),
        429: Words(
            "That was too often",
            "Please wait %RESP(RETRY-AFTER)% seconds, then load this page again.",
            _SHOP["en"],
        ),
        500: Words(
            "Something went wrong", f"The shop knows about it as {_TRACE_ID}. Please try again.", _SHOP["en"]
        ),
        503: Words(
            "Not now", "The shop cannot answer at the moment. Please load this page again soon.", _SHOP["en"]
        ),
    },
    "de": {
        401: Words(
            "Sie sind nicht angemeldet",
            "Melden Sie sich an und versuchen Sie es noch einmal.",
            "Anmelden",
            "/session/login",
        ),
        404: Words("Hier ist nichts", "Die Adresse ist vertippt oder veraltet.", _SHOP["de"]),
        429: Words(
            "Das war zu oft",
            "Bitte warten Sie %RESP(RETRY-AFTER)% Sekunden und laden Sie die Seite dann noch einmal.",
            _SHOP["de"],
        ),
        500: Words(
            "Etwas ist schiefgegangen",
            f"Der Shop kennt es unter {_TRACE_ID}. Bitte versuchen Sie es noch einmal.",
            _SHOP["de"],
        ),
        503: Words(
            "Im Moment nicht",
            "Der Shop kann gerade nicht antworten. Bitte laden Sie die Seite bald noch einmal.",
            _SHOP["de"],
        ),
    },
}
_OTHERWISE = {
    "en": Words("This does not work", "The shop cannot answer this request.", _SHOP["en"]),
    "de": Words("Das geht so nicht", "Der Shop kann diese Anfrage nicht beantworten.", _SHOP["de"]),
}
_LIKE = {504: 503, 408: 503}
"""Statuses that mean the same to a person."""
LANGUAGES = tuple(_WORDS)


def wanted_by(language: str) -> list[Config]:
    """Matches requests of browsers that prefer a language; English is for all others, so it comes last."""
    page = {"header_filter": {"header": {"name": "accept", "string_match": {"contains": "text/html"}}}}
    if language == "en":
        return [page]
    preferred = {"prefix": language, "ignore_case": True}
    return [page, {"header_filter": {"header": {"name": "accept-language", "string_match": preferred}}}]


def reply_page(status: int, language: str) -> Config:
    """How the answer with a status looks: parts of a mapper of HCM's local replies."""
    words = _WORDS[language].get(_LIKE.get(status, status), _OTHERWISE[language])
    return {
        "body_format_override": {
            "text_format_source": {"inline_string": _html(words, language)},
            "content_type": "text/html; charset=utf-8",
        },
        "headers_to_add": [header("content-security-policy", _POLICY)],
    }


def _html(words: Words, language: str) -> str:
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(words.title)} · shopmesh</title><style>{_STYLE}</style></head>"
        f"<body><header>shopmesh</header><main><h1>{escape(words.title)}</h1><p>{escape(words.text)}</p>"
        f'<p><a href="{words.to}">{escape(words.way_on)}</a></p></main></body></html>'
    )
