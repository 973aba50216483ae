"""The languages of the pages; each but English is a catalogue of gettext in `locale`."""

from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

Translations = NullTranslations

DEFAULT = "en"
_CATALOGUES = {
    file.name.removesuffix(".po"): file
    for file in files(__package__).joinpath("locale").iterdir()
    if file.name.endswith(".po")
}
LANGUAGES = (DEFAULT, *sorted(_CATALOGUES))


def translations(language: str) -> Translations:
    """The texts of a language; those of English stand in the templates."""
    if language == DEFAULT:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(_CATALOGUES[language].read_bytes()), locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def language_of(*preferred: str) -> str:
    """The first language of some tags (BCP 47) that there are pages in."""
    lowered = [tag.lower() for tag in preferred]
    return negotiate_locale(lowered, LANGUAGES, sep="-") or DEFAULT


def accepted(header: str) -> tuple[str, ...]:
    """The tags of an Accept-Language header (RFC 9110 §12.5.4), the most wanted first."""
    wanted = [_weighed(part) for part in header[:1000].split(",")]
    return tuple(tag for weight, tag in sorted(wanted, key=lambda each: -each[0]) if weight > 0 and tag)


def _weighed(part: str) -> tuple[float, str]:
    tag, _, weight = part.partition(";")
    try:
        return (float(weight.strip().removeprefix("q=")) if weight else 1.0), tag.strip()
    except ValueError:
        return 0.0, ""
