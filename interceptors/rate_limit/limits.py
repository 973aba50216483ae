"""The limit classes in force: the contract's, with what the limits file says over them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from mesh.contract import Contract, LimitClass, LimitPer

_ALLOWED_KEYS = ("per", "rate_per_minute", "burst", "max_concurrent_calls")
_MOST = 100_000_000


class LimitsFileError(Exception):
    """The limits file cannot be used; the message says what is allowed."""


def load_limits(contract: Contract, path: Path | None) -> Mapping[str, LimitClass]:
    """Merge the limits file over the contract's classes.

    A class that the file sets is not divided among workers.

    Raises:
        LimitsFileError: The file cannot be read, or names an unknown class or key.
    """
    if path is None:
        return contract.limit_classes
    try:
        parsed = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise LimitsFileError(f"SHOPMESH_LIMITS_FILE {path} cannot be read: {error}") from error
    if (
        not isinstance(parsed, dict)
        or set(parsed) - {"classes"}
        or not isinstance(parsed.get("classes", {}), dict)
    ):
        raise LimitsFileError(
            f"{path} has to be `classes: {{NAME: {{{', '.join(_ALLOWED_KEYS)}}}}}` and nothing else"
        )
    merged = dict(contract.limit_classes)
    for name, changes in parsed.get("classes", {}).items():
        if name not in merged:
            raise LimitsFileError(
                f"{path} names the unknown class {name!r}; there are {', '.join(sorted(merged))}"
            )
        merged[name] = _changed(merged[name], changes, path)
    return merged


def _changed(declared: LimitClass, changes: Any, path: Path) -> LimitClass:
    if not isinstance(changes, dict) or set(changes) - set(_ALLOWED_KEYS):
        raise LimitsFileError(
            f"{path}: class {declared.name!r} may have the keys {', '.join(_ALLOWED_KEYS)} only"
        )
    per = changes.get("per", declared.per.name.lower())
    if per not in (each.name.lower() for each in LimitPer):
        raise LimitsFileError(
            f"{path}: `per` of {declared.name!r} is {per!r}; allowed are address, caller, account, client"
        )
    return replace(
        declared,
        per=LimitPer[str(per).upper()],
        rate_per_minute=_count(declared, changes, "rate_per_minute", path),
        burst=_count(declared, changes, "burst", path),
        max_concurrent_calls=_count(declared, changes, "max_concurrent_calls", path, least=0),
        undivided=True,
    )


def _count(declared: LimitClass, changes: Mapping[str, Any], key: str, path: Path, *, least: int = 1) -> int:
    value = changes.get(key, getattr(declared, key))
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST:
        allowed = f"allowed is a whole number from {least} to {_MOST}"
        raise LimitsFileError(f"{path}: {key} of {declared.name!r} is {value!r}; {allowed}")
    return value
