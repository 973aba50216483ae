"""The texts of the pages are there in every language, and say the same with the same facts."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from services.user.domain import password
from services.user.entrypoints import pages, words
from services.user.entrypoints.pages.languages import LANGUAGES, accepted, language_of, translations
from tests.support.catalogues import texts_of

PAGES = Path(pages.__file__).parent
_FACTS = re.compile(r"%\(\w+\)s")


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_text_is_translated_with_its_facts_and_none_is_left_over(language: str) -> None:
    catalogue = read_po(BytesIO((PAGES / "locale" / f"{language}.po").read_bytes()))
    written = {str(message.id): str(message.string) for message in catalogue if message.id}

    assert set(written) == texts_of(PAGES.parent)
    for text, translated in written.items():
        assert translated, text
        assert sorted(_FACTS.findall(translated)) == sorted(_FACTS.findall(text)), text
    assert translations(language).gettext("Log in") == written["Log in"]


def test_pages_have_words_for_every_rule_of_passwords() -> None:
    source = Path(password.__file__).read_text()
    rules = {rule.replace("{fewest}", "12").replace("{MAX_LENGTH}", "128") for rule in _rules(source)}

    assert rules
    assert rules <= set(words._RULES)


def _rules(source: str) -> list[str]:
    return re.findall(r'_weak\(field, f?"([^"]+)"\)', source)


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
    assert language_of(*accepted(header)) == language
