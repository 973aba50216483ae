"""Statements that are compiled once, and run by the driver itself.

SQLAlchemy builds, looks up and runs a statement in ten to fifty times of what the driver takes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from sqlalchemy import Dialect, Executable
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData

Given = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
"""The parameters of a statement, or of each time it is run."""
Values = tuple[Any, ...]
_ALL: "WeakSet[Prepared]" = WeakSet()
_Convert = Callable[[Any], Any]


class Rows(IteratorResult[*tuple[Any, ...]]):
    """The result of a prepared statement.

    Attributes:
        rowcount: How many rows a statement that writes has changed.
    """

    def __init__(self, metadata: SimpleResultMetaData, rows: Sequence[Any], rowcount: int) -> None:
        super().__init__(metadata, iter(rows))
        self.rowcount = rowcount


class Prepared:
    """A statement whose parameters are named; it is compiled when it is first run."""

    def __init__(self, statement: Executable, columns: Sequence[str] | None = None) -> None:
        """Bind a statement.

        Args:
            statement: Names its parameters by `bindparam`. Of one that inserts or updates and has no values,
                each column is a parameter.
            columns: Only these are.
        """
        self.statement = statement
        self._columns = columns
        self._compiled: dict[str, Compiled] = {}
        _ALL.add(self)

    def compiled(self, dialect: Dialect) -> "Compiled":
        """The statement in the words of a database."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compiled(self.statement, self._columns, dialect)
        return found


def compile_all(dialect: Dialect) -> None:
    """Compile what modules have prepared, so that no call has to wait for it."""
    for prepared in tuple(_ALL):
        prepared.compiled(dialect)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement as a driver takes it, and how values and rows are converted.

    Attributes:
        text: The statement.
        places: What goes where.
        convert: Conversions of the columns that need one, by their place.
        columns: The names of the columns.
        is_select: Whether it only reads.
        returns_rows: Whether it has columns.
    """

    text: str
    places: Sequence["_Place"]
    convert: Sequence[tuple[int, _Convert]]
    columns: SimpleResultMetaData
    is_select: bool
    returns_rows: bool

    def values(self, given: Given) -> Values | list[Values]:
        """What the driver takes: a list where the statement is run several times.

        Raises:
            KeyError: A parameter is missing.
        """
        if given is None or isinstance(given, Mapping):
            return self._values(given or {})
        return [self._values(each) for each in given]

    def rows(self, rows: Sequence[Any], rowcount: int) -> Rows:
        """What the driver has found."""
        if self.convert:
            rows = [self._converted(row) for row in rows]
        return Rows(self.columns, rows, rowcount)

    def _values(self, parameters: Mapping[str, Any]) -> Values:
        return tuple(place.value(parameters) for place in self.places)

    def _converted(self, row: Sequence[Any]) -> Values:
        values = list(row)
        for place, convert in self.convert:
            values[place] = convert(values[place])
        return tuple(values)


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    is_given: bool
    constant: Any
    convert: _Convert | None

    def value(self, parameters: Mapping[str, Any]) -> Any:
        value = parameters[self.name] if self.is_given else self.constant
        return value if self.convert is None else self.convert(value)


def _compiled(statement: Any, names: Sequence[str] | None, dialect: Dialect) -> Compiled:
    compiled = statement.compile(dialect=dialect, column_keys=names)
    columns = list(getattr(statement, "exported_columns", {}).items())
    conversions = [_result_conversion(column.type, dialect) for _, column in columns]
    return Compiled(
        text=str(compiled),
        places=[_place(compiled, name, dialect) for name in compiled.positiontup or ()],
        convert=[(place, convert) for place, convert in enumerate(conversions) if convert is not None],
        columns=SimpleResultMetaData([name for name, _ in columns]),
        is_select=statement.is_select,
        returns_rows=bool(columns),
    )


def _place(compiled: Any, name: str, dialect: Dialect) -> _Place:
    parameter = compiled.binds[name]
    assert not parameter.expanding, f"{name} is a list, of which the statement depends"
    convert = parameter.type.dialect_impl(dialect).bind_processor(dialect)
    return _Place(parameter.key, parameter.required, parameter.effective_value, convert)


def _result_conversion(column_type: Any, dialect: Dialect) -> _Convert | None:
    convert: _Convert | None = column_type.dialect_impl(dialect).result_processor(dialect, None)
    return convert
