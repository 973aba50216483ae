"""Path templates of the contract's bindings as what Envoy matches.

A path field stands for one segment without a colon: no id of the contract
contains one, so `/v1/orders/x:foo` is an unbound path and never the order
`x:foo`. Whether the value is well-formed the service decides, naming the field.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mesh.contract import Method

_FIELD = re.compile(r"\{[a-z0-9_.]+\}")
_SEGMENT = "[^/:]+"
_EXAMPLE = "0"


@dataclass(frozen=True, slots=True)
class BoundPath:
    """A path of the REST interface and the methods that are bound to it, by verb."""

    template: str
    methods: tuple[Method, ...]
    allow: tuple[str, ...]

    @property
    def match(self) -> dict[str, object]:
        """Envoy's matcher for the whole path, query excluded."""
        if not _FIELD.search(self.template):
            return {"path": self.template}
        return {"safe_regex": {"regex": regex(self.template)}}


def regex(template: str) -> str:
    """The expression that a path of this template matches from end to end."""
    return _SEGMENT.join(re.escape(part).replace(r"\-", "-") for part in _FIELD.split(template))


def bound_paths(methods: Iterable[Method]) -> tuple[BoundPath, ...]:
    """The paths of all bindings, the more literal of two that overlap first."""
    by_template: dict[str, list[Method]] = {}
    for method in methods:
        if method.binding is not None:
            by_template.setdefault(method.binding.template, []).append(method)
    templates = sorted(by_template, key=lambda template: (len(_FIELD.findall(template)), template))
    return tuple(
        BoundPath(template, tuple(by_template[template]), _allowed(template, by_template))
        for template in templates
    )


def _allowed(template: str, by_template: dict[str, list[Method]]) -> tuple[str, ...]:
    """The verbs for paths of a template: its own and those of wider templates."""
    example = _FIELD.sub(_EXAMPLE, template)
    return tuple(
        sorted(
            {
                method.binding.verb
                for other, methods in by_template.items()
                if re.fullmatch(regex(other), example)
                for method in methods
                if method.binding is not None
            }
        )
    )
