"""What customers can turn off, and what not."""

from dataclasses import replace

import pytest

from services.notification.domain.errors import NothingToChange, UnknownPreference
from services.notification.domain.preferences import Preferences
from services.notification.domain.template import Template

NOTHING = Preferences(order_updates=False, shipping_updates=False)


def wanted(preferences: Preferences) -> set[str]:
    return {str(template) for template in Template if preferences.wants(template)}


def test_everything_is_wanted_until_somebody_chooses() -> None:
    assert wanted(Preferences()) == {str(template) for template in Template}


def test_confirmations_and_mails_about_the_account_cannot_be_turned_off() -> None:
    account = {str(template) for template in Template if not template.is_about_an_order}
    assert wanted(NOTHING) == {"order_confirmed", *account}


@pytest.mark.parametrize("template", [each for each in Template if each.is_choosable], ids=str)
def test_each_other_mail_ends_with_its_topic(template: Template) -> None:
    assert not replace(Preferences(), **{template.topic.value: False}).wants(template)


def test_shipping_is_a_choice_of_its_own() -> None:
    assert "order_shipped" not in wanted(Preferences(shipping_updates=False))
    assert "order_shipped" in wanted(Preferences(order_updates=False))


def test_only_what_the_mask_names_changes() -> None:
    assert Preferences().updated(NOTHING, ["order_updates"]) == Preferences(order_updates=False)


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(NothingToChange) as refused:
        Preferences().updated(NOTHING, [])
    assert refused.value.fields[0][0] == "updateMask"


def test_a_mask_with_another_field_is_refused_and_names_it() -> None:
    with pytest.raises(UnknownPreference, match=r"accountMails.*orderUpdates, shippingUpdates"):
        Preferences().updated(NOTHING, ["order_updates", "account_mails"])
