"""Texts that people enter are brought into one form and judged, in every field of every request."""

import re
import unicodedata

import pytest
from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import given
from hypothesis import strategies as st

from interceptors.validation.characters import normalised, problem_of
from interceptors.validation.texts import normalise, text_problems
from mesh.contract.texts import TextKind
from shopmesh.policy.v1 import policy_pb2
from tests.support.request_fields import RequestField, request_fields

_SECRETS = re.compile("(password|token)$")


def kind_of(field: FieldDescriptor) -> int:
    return field.GetOptions().Extensions[policy_pb2.text]


def rules_of(field: FieldDescriptor) -> validate_pb2.StringRules:
    rules = field.GetOptions().Extensions[validate_pb2.field]
    return (rules.repeated.items if field.is_repeated else rules).string


def is_text(field: FieldDescriptor) -> bool:
    own = field.containing_type is not None and field.containing_type.full_name.startswith("shopmesh.")
    return own and field.type == FieldDescriptor.TYPE_STRING


TEXTS = request_fields(lambda field: is_text(field) and bool(kind_of(field)))
UUIDS = request_fields(lambda field: is_text(field) and rules_of(field).uuid)
BLOCKS = [place for place in TEXTS if kind_of(place.field) == policy_pb2.TEXT_BLOCK]
LINES = [place for place in TEXTS if kind_of(place.field) != policy_pb2.TEXT_BLOCK]
CODES = [place for place in TEXTS if kind_of(place.field) == policy_pb2.TEXT_CODE]

DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CONTROLS = "\x00\x01\x07\x0b\x0c\x1b\x7f\x80\x9f\ufff9\ufdd0\uffff\U0010ffff"
LINE_ENDS = ("\n", "\r", "\r\n", "\x85", "\u2028", "\u2029")
PILED = "a" + "\u0301" * 31
UNSEEN = (
    "\u2065",
    "\ufff0",
    "\U000e0080",
    "\U0001d159",
    "",
    " ",
    "\t\n",
    "\u00a0",
    "\u3000",
    "\u200b",
    "\ufeff",
    "\u2060",
    "\u3164",
    "\u2800",
    "\u200e",
    "\U000e0061",
)


def after(place: RequestField, text: str) -> str:
    request = place.request(text)
    normalise(request)
    return str(place.value(request))


def problems_of(place: RequestField, text: str) -> list[str]:
    request = place.request(text)
    normalise(request)
    return [path for path, _ in text_problems(request)]


def test_every_text_of_a_request_has_a_kind_or_is_listed_by_its_rules() -> None:
    undecided = [
        str(place)
        for place in request_fields(lambda field: is_text(field) and not kind_of(field))
        if not (
            rules_of(place.field).uuid
            or rules_of(place.field).pattern
            or getattr(rules_of(place.field), "in")
            or _SECRETS.search(place.field.name)
        )
    ]

    assert undecided == []


@pytest.mark.parametrize("place", TEXTS, ids=str)
def test_a_text_is_composed_and_trimmed_where_it_stands(place: RequestField) -> None:
    decomposed = unicodedata.normalize("NFD", "Zoë")

    assert after(place, decomposed) == "Zoë"
    assert after(place, f" \t\u00a0\ufeff{decomposed}\u200b\u3000\n") == "Zoë"


@pytest.mark.parametrize("place", TEXTS, ids=str)
def test_a_text_of_which_nothing_is_seen_is_empty(place: RequestField) -> None:
    assert {after(place, text) for text in UNSEEN} == {""}
    assert after(place, "".join(UNSEEN)) == ""


@pytest.mark.parametrize("place", TEXTS, ids=str)
def test_a_text_has_no_control_character_and_keeps_its_direction(place: RequestField) -> None:
    for character in CONTROLS + DIRECTIONS:
        assert problems_of(place, f"a{character}b") == [place.path], f"U+{ord(character):04X}"
    for text in ("Zoë", "日本", "שלום", "O'Neill & Söhne", "1 ½"):
        assert problems_of(place, text) == []


@pytest.mark.parametrize("place", LINES, ids=str)
def test_one_line_is_one_line(place: RequestField) -> None:
    for end in (*LINE_ENDS, "\t"):
        assert problems_of(place, f"a{end}b") == [place.path]


@pytest.mark.parametrize("place", BLOCKS, ids=str)
def test_a_block_has_one_kind_of_line_end(place: RequestField) -> None:
    for end in LINE_ENDS:
        assert after(place, f"a{end}\tb") == "a\n\tb"
        assert problems_of(place, f"a{end}\tb") == []


@pytest.mark.parametrize("place", CODES, ids=str)
def test_a_code_has_nothing_that_nobody_sees(place: RequestField) -> None:
    for character in "\u200b\u200d\u00ad\u00a0\u2003\ufe0f":
        assert problems_of(place, f"a{character}b") == [place.path]
    assert problems_of(place, "SW1A 1AA") == []


@pytest.mark.parametrize("place", [each for each in TEXTS if each.field.name != "country_code"], ids=str)
def test_marks_are_piled_as_high_as_any_language_does(place: RequestField) -> None:
    assert problems_of(place, PILED) == [place.path]
    assert after(place, PILED) == PILED
    assert problems_of(place, PILED[:-1]) == []


@pytest.mark.parametrize("place", UUIDS, ids=str)
def test_a_uuid_in_capitals_is_the_same_uuid(place: RequestField) -> None:
    assert after(place, "0192F000-ABCD-7000-8000-0123456789AB") == "0192f000-abcd-7000-8000-0123456789ab"


def test_a_request_that_needs_nothing_is_left_alone_and_another_is_kept_as_it_was() -> None:
    place = TEXTS[0]
    assert normalise(place.request("Zoe")) is None

    request = place.request(" Zoe")
    before = normalise(request)

    assert before is not None
    assert (place.value(before), place.value(request)) == (" Zoe", "Zoe")


@given(st.text(), st.sampled_from([TextKind.LINE, TextKind.BLOCK, TextKind.CODE]))
def test_a_normalised_text_stays_as_it_is(text: str, kind: TextKind) -> None:
    once = normalised(text, kind)

    assert normalised(once, kind) == once
    assert unicodedata.is_normalized("NFC", once) or problem_of(once, kind)
    assert once == once.strip() or problem_of(once, kind)


@given(st.text())
def test_a_line_without_a_problem_is_one_line_to_everybody(text: str) -> None:
    line = normalised(text, TextKind.LINE)

    if not problem_of(line, TextKind.LINE):
        assert len(line.splitlines()) <= 1
        assert "\x00" not in line
