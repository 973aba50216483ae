"""The texts that the shop sends, and what each of them is for."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from uuid import UUID, uuid5


class Purpose(Enum):
    """Why a contact is asked for; the values are the short names of `MailPurpose`."""

    ORDER = "ORDER"
    VERIFY_EMAIL = "VERIFY_EMAIL"
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105 - no password
    ALREADY_REGISTERED = "ALREADY_REGISTERED"
    CONFIRM_DEVICE = "CONFIRM_DEVICE"
    CONFIRM_EMAIL = "CONFIRM_EMAIL"
    EMAIL_CHANGED = "EMAIL_CHANGED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - no password
    NEW_DEVICE = "NEW_DEVICE"
    RIGHTS_CHANGED = "RIGHTS_CHANGED"
    ERASED = "ERASED"


class Topic(Enum):
    """What customers choose by. Mails about the account itself are no choice."""

    ACCOUNT = "account"
    ORDER_UPDATES = "order_updates"
    SHIPPING_UPDATES = "shipping_updates"


@dataclass(frozen=True, slots=True)
class _Use:
    name: str
    purpose: Purpose
    topic: Topic
    life: timedelta | None = None
    is_choosable: bool = True


class Template(Enum):
    """A text."""

    ORDER_CONFIRMED = _Use("order_confirmed", Purpose.ORDER, Topic.ORDER_UPDATES, is_choosable=False)
    ORDER_SHIPPED = _Use("order_shipped", Purpose.ORDER, Topic.SHIPPING_UPDATES, timedelta(days=14))
    ORDER_CANCELLED = _Use("order_cancelled", Purpose.ORDER, Topic.ORDER_UPDATES)
    ORDER_REJECTED = _Use("order_rejected", Purpose.ORDER, Topic.ORDER_UPDATES)
    VERIFY_EMAIL = _Use("verify_email", Purpose.VERIFY_EMAIL, Topic.ACCOUNT, timedelta(days=1))
    RESET_PASSWORD = _Use("reset_password", Purpose.RESET_PASSWORD, Topic.ACCOUNT, timedelta(minutes=30))
    ALREADY_REGISTERED = _Use(
        "already_registered", Purpose.ALREADY_REGISTERED, Topic.ACCOUNT, timedelta(days=1)
    )

    CONFIRM_DEVICE = _Use("confirm_device", Purpose.CONFIRM_DEVICE, Topic.ACCOUNT, timedelta(minutes=30))
    CONFIRM_EMAIL = _Use("confirm_email", Purpose.CONFIRM_EMAIL, Topic.ACCOUNT, timedelta(minutes=30))
    EMAIL_CHANGED = _Use("email_changed", Purpose.EMAIL_CHANGED, Topic.ACCOUNT, timedelta(days=1))
    PASSWORD_CHANGED = _Use("password_changed", Purpose.PASSWORD_CHANGED, Topic.ACCOUNT, timedelta(days=5))
    NEW_DEVICE = _Use("new_device", Purpose.NEW_DEVICE, Topic.ACCOUNT, timedelta(days=5))
    RIGHTS_CHANGED = _Use("rights_changed", Purpose.RIGHTS_CHANGED, Topic.ACCOUNT, timedelta(days=5))
    ERASED = _Use("erased", Purpose.ERASED, Topic.ACCOUNT, timedelta(days=1))

    @property
    def purpose(self) -> Purpose:
        return self.value.purpose

    @property
    def topic(self) -> Topic:
        return self.value.topic

    @property
    def is_choosable(self) -> bool:
        """Whether customers choose if they get it: they always get what they agreed to, and account mails."""
        return self.value.is_choosable and self.topic is not Topic.ACCOUNT

    @property
    def life(self) -> timedelta | None:
        """How long after its cause the mail is still worth sending; None: for ever."""
        return self.value.life

    @property
    def ends_with_delivery(self) -> bool:
        """Whether the mail is untrue once the order is delivered: others state what stays so."""
        return self is Template.ORDER_SHIPPED

    @property
    def is_about_an_order(self) -> bool:
        return self.purpose is Purpose.ORDER

    def __str__(self) -> str:
        return self.value.name

    @classmethod
    def named(cls, name: str) -> "Template":
        """The template of a name, for example `order_confirmed`."""
        return next(template for template in cls if str(template) == name)

    @classmethod
    def for_purpose(cls, purpose: Purpose) -> "Template":
        """The text of an account mail's purpose."""
        return next(each for each in cls if each.purpose is purpose and not each.is_about_an_order)


def notification_id(subject_id: str, template: Template, version: int | None = None) -> str:
    """The id of a subject's mail: the same however often it is asked for.

    Args:
        subject_id: the order's id, or that of the request for a mail; a UUID.
        template: which text.
        version: of the event that asks for another mail with this text.
    """
    name = str(template) if version is None else f"{template}:{version}"
    return str(uuid5(UUID(subject_id), name))
