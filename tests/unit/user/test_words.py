"""Pages have words for what the domain refuses."""

import re
from pathlib import Path

from services.user.domain import password
from services.user.entrypoints import words


def test_pages_have_words_for_every_rule_of_passwords() -> None:
    source = Path(password.__file__).read_text()
    rules = {rule.replace("{fewest}", "12").replace("{MAX_LENGTH}", "128") for rule in _rules(source)}

    assert rules
    assert rules <= set(words._RULES)


def _rules(source: str) -> list[str]:
    return re.findall(r'_weak\(field, f?"([^"]+)"\)', source)
