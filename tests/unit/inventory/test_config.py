"""Inventory's settings."""

from dataclasses import replace
from pathlib import Path

import pytest

from mesh.settings import MeshSettings, SettingError
from services.inventory.config import Settings

MESH = MeshSettings(home=Path("/nowhere"))


def test_stock_is_held_for_fifteen_minutes_unless_told_otherwise() -> None:
    assert Settings.of(MESH).hold_seconds == 15 * 60
    assert Settings.of(replace(MESH, environ={"SHOPMESH_HOLD_SECONDS": "5"})).hold_seconds == 5


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "soon", "86401", "²"])
def test_a_bad_value_is_refused_with_its_name_and_what_is_allowed(value: str) -> None:
    with pytest.raises(SettingError, match=r"SHOPMESH_HOLD_SECONDS is .* allowed is a whole number"):
        Settings.of(replace(MESH, environ={"SHOPMESH_HOLD_SECONDS": value}))
