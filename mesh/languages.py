"""The languages of texts: English stands in the code, every other one is a catalogue of gettext."""

from gettext import GNUTranslations, NullTranslations
from importlib.resources.abc import Traversable
from io import BytesIO

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

Translations = NullTranslations

DEFAULT = "en"


def N_(text: str) -> str:
    """Marks a text for the catalogues that is translated later, when it is shown."""
    return text


class Catalogues:
    """The catalogues of a folder, for example `de.po`; a further file is a further language."""

    def __init__(self, folder: Traversable) -> None:
        files = {
            file.name.removesuffix(".po"): file for file in folder.iterdir() if file.name.endswith(".po")
        }
        self._words = {language: _compiled(language, file.read_bytes()) for language, file in files.items()}
        self.languages = (DEFAULT, *sorted(files))

    def words(self, language: str) -> Translations:
        """The texts of one of the languages."""
        return self._words.get(language) or NullTranslations()

    def language_of(self, *preferred: str) -> str:
        """The first language of some tags (BCP 47) that there are texts in."""
        lowered = [tag.lower() for tag in preferred]
        return negotiate_locale(lowered, self.languages, sep="-") or DEFAULT


def accepted(header: str) -> tuple[str, ...]:
    """The tags of an Accept-Language header (RFC 9110 §12.5.4), the most wanted first."""
    wanted = [_weighed(part) for part in header[:1000].split(",")]
    return tuple(tag for weight, tag in sorted(wanted, key=lambda each: -each[0]) if weight > 0 and tag)


def _compiled(language: str, catalogue: bytes) -> Translations:
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(catalogue), locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def _weighed(part: str) -> tuple[float, str]:
    tag, _, weight = part.partition(";")
    try:
        return (float(weight.strip().removeprefix("q=")) if weight else 1.0), tag.strip()
    except ValueError:
        return 0.0, ""
