"""Which passwords are refused (NIST SP 800-63B-4 §3.1.1.2: length and a blocklist, no composition rules)."""

import unicodedata
from collections.abc import Collection, Iterator

from services.user.domain.errors import WeakPassword

MIN_LENGTH = 12
MIN_STAFF_LENGTH = 15
"""Of accounts with more rights than a customer's."""
MAX_LENGTH = 128

_LEET = str.maketrans("@48305$7+|!1l", "aabeossttiiii")
"""Signs for letters. A 1 is an i or an l, so these count as one."""
_MOST_AROUND = 12
"""So many digits and signs at each end of a word make it no other one."""
_SHORTEST_WORD = 4
_FEWEST_CHARACTERS = 4
"""Different ones in a password that is no repetition."""


def normal_password(password: str) -> str:
    """The form in which passwords are checked and hashed: composed, however a keyboard has made it."""
    return unicodedata.normalize("NFC", password)


class PasswordRule:
    """Refuses passwords that would be guessed first."""

    def __init__(self, common: Collection[str]) -> None:
        """Make the rule.

        Args:
            common: What many people choose, and what it is made of: passwords, names, months; in lower case.
        """
        self._common = frozenset(common) | {word.translate(_LEET) for word in common}

    def check(self, password: str, *, email: str, field: str, is_staff: bool = False) -> None:
        """Refuse a password, in its normal form, that would be guessed first.

        Args:
            password: What was asked for.
            email: The account's address; neither it nor its local part is a password.
            field: The request's field, for the answer.
            is_staff: Whether the account has more rights than a customer's.

        Raises:
            WeakPassword: It is one of those.
        """
        fewest = MIN_STAFF_LENGTH if is_staff else MIN_LENGTH
        if not fewest <= len(password) <= MAX_LENGTH:
            raise _weak(field, f"has to have {fewest} to {MAX_LENGTH} characters")
        forms = set(_forms(password))
        if any(form in self._common for form in forms):
            raise _weak(field, "is what many people choose; take several words that do not belong together")
        if any(map(_is_repetition, forms)):
            raise _weak(field, "repeats itself; take several words that do not belong together")
        own = {email, email.partition("@")[0]}
        if forms & {form for each in own if each for form in _forms(each)}:
            raise _weak(field, "is the address of the account; take another one")


def _forms(password: str) -> Iterator[str]:
    """What a password is made of: without case, digits and signs at its ends, and signs for letters."""
    lowered = password.casefold()
    yield lowered
    letters = [index for index, character in enumerate(lowered) if character.isalpha()]
    first, last = (letters[0], letters[-1]) if letters else (len(lowered), -1)
    for start in range(min(first, _MOST_AROUND) + 1):
        for end in range(len(lowered), max(last, len(lowered) - _MOST_AROUND - 1), -1):
            if end - start >= _SHORTEST_WORD:
                word = lowered[start:end]
                yield from (word, word.translate(_LEET))


def _is_repetition(text: str) -> bool:
    """Whether a text is a shorter one again and again, perhaps cut off, or has hardly any characters."""
    period = next((size for size in range(1, len(text)) if text.startswith(text[size:])), len(text))
    return 2 * period <= len(text) or len(set(text)) < _FEWEST_CHARACTERS


def _weak(field: str, rule: str) -> WeakPassword:
    return WeakPassword(f"{field} {rule}", fields=[(field, rule)])
