"""Every text is there in every language, and says the same with the same facts."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from mesh.languages import Catalogues, accepted
from tests.support.catalogues import texts_of

CHECKOUT = Path(__file__).parents[3]
SHARED = CHECKOUT / "mesh" / "server" / "pages"
ACCOUNTS = CHECKOUT / "services" / "user" / "entrypoints"
CHOICES = CHECKOUT / "services" / "notification" / "entrypoints"
MAILS = CHECKOUT / "services" / "notification" / "adapters"
FOLDERS = {
    "pages": ((SHARED, ACCOUNTS), ACCOUNTS / "pages" / "locale"),
    "choices": ((SHARED, CHOICES), CHOICES / "pages" / "locale"),
    "mails": ((MAILS,), MAILS / "templates" / "locale"),
}
LANGUAGES = [
    (name, file.stem) for name, (_, locale) in FOLDERS.items() for file in sorted(locale.glob("*.po"))
]
_FACTS = re.compile(r"%\(\w+\)[sd]")


@pytest.mark.parametrize(("name", "language"), LANGUAGES)
def test_every_text_is_translated_with_its_facts_and_none_is_left_over(name: str, language: str) -> None:
    folders, locale = FOLDERS[name]
    catalogue = read_po(BytesIO((locale / f"{language}.po").read_bytes()))
    written = {_texts(message.id)[0]: _texts(message.string) for message in catalogue if message.id}

    assert set(written) == set().union(*map(texts_of, folders))
    for text, translations in written.items():
        for translated in translations:
            assert translated, text
            assert sorted(_FACTS.findall(translated)) == sorted(_FACTS.findall(text)), text


def _texts(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """A text, or all of its forms by number."""
    return (text,) if isinstance(text, str) else tuple(text or ())


def test_all_have_the_same_languages() -> None:
    pages, *others = (Catalogues(locale) for _, locale in FOLDERS.values())

    assert {each.languages for each in others} == {pages.languages}
    assert pages.words("de").gettext("Log in") == "Anmelden"
    assert pages.words("en").gettext("Log in") == "Log in"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr,de;q=0.5,en;q=0.4", "de"),
        ("de;q=0", "en"),
        ("en;q=0.1,DE;q=0.9", "de"),
        ("*", "en"),
        (";;;,q=1,de;q=x", "en"),
        ("x" * 5000, "en"),
    ],
)
def test_a_browser_gets_the_language_that_it_wants_most(header: str, language: str) -> None:
    assert Catalogues(FOLDERS["pages"][1]).language_of(*accepted(header)) == language
