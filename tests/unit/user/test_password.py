"""Which passwords are refused, by the real lists: what many people choose, and what is made of it."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.user.adapters.common_passwords_zxcvbn import common_passwords
from services.user.domain.errors import WeakPassword
from services.user.domain.password import MAX_LENGTH, MIN_LENGTH, PasswordRule, normal_password

COMMON = common_passwords()
RULE = PasswordRule(COMMON)
EMAIL = "alice.liddell@example.com"
ENDS = st.text(string.digits + "!?.-_#", max_size=5)
LEET = {"a": "@4", "b": "8", "e": "3", "i": "1!", "l": "1", "o": "0", "s": "5$", "t": "7"}


def refused(password: str, *, is_staff: bool = False) -> str:
    """Why a password is refused; empty: it is not."""
    try:
        RULE.check(normal_password(password), email=EMAIL, field="newPassword", is_staff=is_staff)
    except WeakPassword as weak:
        return dict(weak.fields)["newPassword"]
    return ""


@st.composite
def disguised(draw: st.DrawFn) -> str:
    """Something common as people disguise it: in other case, with digits and signs around and for letters."""
    word = draw(st.sampled_from(sorted(each for each in COMMON if each.isascii() and len(each) >= 6)))
    # A word that has digits of its own is not spelt with others.
    leet = LEET if word.isalpha() else {}
    spelt = "".join(draw(st.sampled_from([each, each.upper(), *leet.get(each, "")])) for each in word)
    text = f"{draw(ENDS)}{spelt}{draw(ENDS)}"
    return text + "1" * max(0, MIN_LENGTH - len(text))


def test_the_list_is_long_enough() -> None:
    assert len(COMMON) >= 30_000


@given(password=disguised())
def test_what_many_choose_is_refused_however_it_is_disguised(password: str) -> None:
    assert refused(password)


@pytest.mark.parametrize(
    "password",
    [
        "September2026!",
        "Dezember-2026",
        "FRÜHLING2026",
        "12Winter34567",
        "Shopmesh12345",
        "Katharine1988",
        "p@$$w0rd1234",
        "abcabcabcabc",
        "abcdabcdabcda",
        "aaaaaaaaaaaa",
        "121212121212",
        "alice.liddell",
        "Alice.Liddell1",
        EMAIL,
        "short",
        "x" * (MAX_LENGTH + 1),
    ],
)
def test_what_is_guessed_first_is_refused(password: str) -> None:
    assert refused(password)


@pytest.mark.parametrize(
    "password", ["down the rabbit hole", "korrekt pferd batterie", "vQ7-kpW2xNzr", "größere Straßenbäume"]
)
def test_what_nobody_would_guess_is_taken(password: str) -> None:
    assert refused(password) == ""


def test_staff_needs_longer_ones() -> None:
    assert refused("vQ7-kpW2xNzr") == ""
    assert "15" in refused("vQ7-kpW2xNzr", is_staff=True)
    assert refused("vQ7-kpW2xNzrL4m", is_staff=True) == ""


@given(text=st.text(st.sampled_from("aeoöüéñß한A\u0301\u0308"), max_size=20))
def test_a_password_is_the_same_however_it_is_composed(text: str) -> None:
    assert normal_password(unicodedata.normalize("NFD", text)) == normal_password(text)
