"""Which mails a customer wants."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from services.notification.domain.errors import NothingToChange, UnknownPreference
from services.notification.domain.template import Template


@dataclass(frozen=True, slots=True)
class Preferences:
    """A customer's choice; all mails until they choose otherwise."""

    order_updates: bool = True
    shipping_updates: bool = True

    def wants(self, template: Template) -> bool:
        """Whether to send a text. Its topic is the field that says so."""
        return not template.is_choosable or bool(getattr(self, template.topic.value))

    def updated(self, wanted: "Preferences", mask: Sequence[str]) -> "Preferences":
        """With the fields that the mask names taken from `wanted`.

        Raises:
            NothingToChange: the mask is empty.
            UnknownPreference: the mask names something else.
        """
        if not mask:
            raise NothingToChange(CHANGEABLE_FIELDS)
        for name in mask:
            if name not in CHANGEABLE_FIELDS:
                raise UnknownPreference(name, CHANGEABLE_FIELDS)
        return replace(self, **{name: getattr(wanted, name) for name in mask})


CHANGEABLE_FIELDS = tuple(field.name for field in fields(Preferences))
