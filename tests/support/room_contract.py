"""The import-linter contract behind the house's table "who may import whom".

A room is a pattern such as `services.{service}.domain`. Its modules import only what `may_import` names:
patterns (a name covers its submodules, `{service}` is the same service), `stdlib`
(`sys.stdlib_module_names`) and `third_party` (everything that is neither that nor one of our packages).
What is not named is refused, so nobody has to list the libraries that exist.
"""

import re
import sys
from collections.abc import Iterable
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

STDLIB = "stdlib"
THIRD_PARTY = "third_party"


class RoomContract(Contract):
    """Modules of `room` import nothing but `may_import`.

    Rooms within it that may import more are named as `rooms_with_their_own_row`.
    """

    type_name = "room"

    room = fields.StringField()
    may_import = fields.ListField(subfield=fields.StringField())
    rooms_with_their_own_row = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """List every direct import that the room's row does not name."""
        output.verbose_print(verbose, f"Looking for modules of {self.room}")
        refused = [
            f"{importer} imports {imported} ({_lines(graph, importer, imported)})"
            for importer, names in _inhabitants(graph, str(self.room))
            if not any(_is_within(importer, room) for room in self._apart())
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if not self._is_allowed(imported, names)
        ]
        return ContractCheck(kept=not refused, metadata={"refused": refused})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line per refused import."""
        for line in check.metadata["refused"]:
            output.print_error(line)
        output.print_error(f"{self.room} may import: {', '.join(self._row())}.")

    def _apart(self) -> list[str]:
        return cast(list[str], self.rooms_with_their_own_row) or []

    def _row(self) -> list[str]:
        return cast(list[str], self.may_import)

    def _is_allowed(self, imported: str, names: dict[str, str]) -> bool:
        allowed = {entry.format(**names) for entry in self._row()}
        if any(_is_within(imported, entry) for entry in allowed):
            return True
        return self._origin(imported) in allowed

    def _origin(self, imported: str) -> str:
        package = imported.partition(".")[0]
        if package in self.session_options["root_packages"]:
            return package
        return STDLIB if package in sys.stdlib_module_names else THIRD_PARTY


def _inhabitants(graph: ImportGraph, room: str) -> Iterable[tuple[str, dict[str, str]]]:
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>\\w+)", re.escape(room)) + r"(\..+)?"
    for module in sorted(graph.modules):
        if match := re.fullmatch(pattern, module):
            yield module, match.groupdict()


def _is_within(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def _lines(graph: ImportGraph, importer: str, imported: str) -> str:
    details = graph.get_import_details(importer=importer, imported=imported)
    return ", ".join(f"line {detail['line_number']}" for detail in details)
