"""What a customer asks for."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.order.domain.errors import InvalidLines

MAX_LINES = 100
MAX_QUANTITY = 999


@dataclass(frozen=True, slots=True)
class Line:
    """So many pieces of a SKU."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ShippingAddress:
    """Where an order goes: personal data, stored only encrypted."""

    recipient: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country_code: str


def require_orderable(lines: Sequence[Line]) -> None:
    """Check lines against the rules that need no catalogue.

    Raises:
        InvalidLines: There are none or more than 100, a SKU stands in two of them,
            or a quantity is not 1 to 999.
    """
    if problems := tuple(_problems(lines)):
        raise InvalidLines("; ".join(f"{field} {problem}" for field, problem in problems), fields=problems)


def _problems(lines: Sequence[Line]) -> Iterator[tuple[str, str]]:
    if not 1 <= len(lines) <= MAX_LINES:
        yield "lines", f"has to have 1 to {MAX_LINES} lines, not {len(lines)}"
    repeated = {sku for sku, count in Counter(line.sku for line in lines).items() if count > 1}
    for index, line in enumerate(lines):
        if line.sku in repeated:
            yield f"lines[{index}].sku", f"{line.sku} stands in more than one line"
        if not 1 <= line.quantity <= MAX_QUANTITY:
            yield f"lines[{index}].quantity", f"has to be 1 to {MAX_QUANTITY}, not {line.quantity}"
