"""One form for the texts that people enter, and what may not stand in them.

Sources: Unicode Standard Annex 15 (normalization forms), Unicode Technical Report 36 (bidirectional text).
"""

import re
import unicodedata

from mesh.contract.texts import TextKind

_WITHOUT_WIDTH = "\u200b\u2060\ufeff"
"""Spaces that nobody sees: they mean nothing at the ends of a text."""
_WHITE_SPACE = "".join(map(chr, filter(lambda code: chr(code).isspace(), range(0x3001))))
_ENDS = _WHITE_SPACE + _WITHOUT_WIDTH
_LINE_END = re.compile("\r\n?|[\x85\u2028\u2029]")

# By their category letters, marks or nothing yet, but without a shape of their own: Unicode's
# Default_Ignorable_Code_Point, and three that are drawn as nothing.
_SHAPELESS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})

_MOST_MARKS = 30
"""As many marks in a row as any language needs (UAX 15, stream-safe text); composing costs their square."""
_NO_CHARACTERS = "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_CONTROLS = f"\x00-\x08\x0b-\x1f\x7f-\x9f\u206a-\u206f\ufdd0-\ufdef\ufff9-\ufffb{_NO_CHARACTERS}"
_DIRECTIONS = "\u202a-\u202e\u2066-\u2069"
_FORBIDDEN_IN_BLOCKS = re.compile(f"[{_CONTROLS}{_DIRECTIONS}]")
_FORBIDDEN_IN_LINES = re.compile(f"[\t\n{_CONTROLS}{_DIRECTIONS}\u2028\u2029]")
_IS_DIRECTION = re.compile(f"[{_DIRECTIONS}]")


def normalised(text: str, kind: TextKind) -> str:
    """A text composed and without white space at its ends; empty where nobody sees anything of it."""
    if kind is TextKind.UUID:
        return text.lower()
    if text.isascii() and text.isprintable() and text == text.strip():
        return text
    if kind is TextKind.BLOCK:
        text = _LINE_END.sub("\n", text)
    if _piles_marks(text):
        return text
    composed = unicodedata.normalize("NFC", text).strip(_ENDS)
    return composed if any(map(_is_seen, composed)) else ""


def problem_of(text: str, kind: TextKind) -> str:
    """What is wrong with the characters of a normalised text, and what is allowed; empty: nothing."""
    if kind is TextKind.UUID or (text.isascii() and text.isprintable()):
        return ""
    if _piles_marks(text):
        return f"must not pile more than {_MOST_MARKS} marks on a letter"
    forbidden = _FORBIDDEN_IN_BLOCKS if kind is TextKind.BLOCK else _FORBIDDEN_IN_LINES
    found = forbidden.search(text) or (_hidden(text) if kind is TextKind.CODE else None)
    if found is None:
        return ""
    character = f"U+{ord(found.group()):04X}"
    if _IS_DIRECTION.match(found.group()):
        return f"must not change the direction of the text; it has {character}"
    if kind is TextKind.CODE:
        return f"must not have control, invisible or special space characters; it has {character}"
    if kind is TextKind.LINE:
        return f"has to be one line without control characters; it has {character}"
    return f"must not have control characters but tabs and line ends; it has {character}"


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE and _SHAPELESS.match(character) is None


def _piles_marks(text: str) -> bool:
    """Whether somewhere in a text more marks follow each other than may be composed."""
    if len(text) <= _MOST_MARKS:
        return False
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _MOST_MARKS:
            return True
    return False


def _hidden(text: str) -> "re.Match[str] | None":
    hidden = next((each for each in text if each != " " and not _is_seen(each)), None)
    return None if hidden is None else re.search(re.escape(hidden), text)
