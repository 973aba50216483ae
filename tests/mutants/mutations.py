"""Faults that can be put into a source file, one at a time: a condition, a bound, a call."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

_OPPOSITE = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
CONDITION, BOUND, CALL = "condition", "bound", "dropped call"


@dataclass(frozen=True, slots=True)
class Mutation:
    """A fault: `before`, from `start` to `end` in the file's bytes, becomes `after`."""

    path: str
    line: int
    kind: str
    start: int
    end: int
    before: str
    after: str

    def put_into(self, root: Path) -> None:
        """Change the file below a checkout."""
        file = root / self.path
        source = file.read_bytes()
        assert source[self.start : self.end].decode() == self.before, self
        file.write_bytes(source[: self.start] + self.after.encode() + source[self.end :])


def draw(root: Path, rooms: tuple[str, ...], *, count: int, seed: int) -> list[Mutation]:
    """Draw faults evenly over the folders of some rooms and over their kinds; the same ones for a seed."""
    chance = Random(seed)
    by_folder: dict[str, list[Mutation]] = {}
    for room in rooms:
        for file in sorted((root / room).rglob("*.py")):
            folder = "/".join(file.relative_to(root).parts[:-1][:3])
            by_folder.setdefault(folder, []).extend(mutations_in(file, root))
    folders = sorted(folder for folder, mutations in by_folder.items() if mutations)
    drawn: list[Mutation] = []
    for number in range(count):
        folder = folders[number % len(folders)]
        kinds = sorted({each.kind for each in by_folder[folder]})
        kind = chance.choice(kinds)
        fault = chance.choice([each for each in by_folder[folder] if each.kind == kind])
        by_folder[folder].remove(fault)
        drawn.append(fault)
    return drawn


def mutations_in(file: Path, root: Path) -> Iterator[Mutation]:
    """Every fault that is known for a file, in the order of its lines."""
    source = file.read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    path = str(file.relative_to(root))
    for node in ast.walk(ast.parse(source)):
        for kind, target, after in _faults_of(node):
            start = starts[target.lineno - 1] + target.col_offset
            end = starts[(target.end_lineno or 0) - 1] + (target.end_col_offset or 0)
            yield Mutation(path, target.lineno, kind, start, end, source[start:end].decode(), after)


def _faults_of(node: ast.AST) -> Iterator[tuple[str, ast.expr | ast.stmt, str]]:
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPPOSITE:
            other = ast.Compare(left, [_OPPOSITE[type(op)]()], [right])
            yield CONDITION, node, f"({ast.unparse(other)})"
        case ast.BoolOp(op=op, values=values):
            opposite = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield CONDITION, node, f"({ast.unparse(ast.BoolOp(opposite, values))})"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield CONDITION, node, f"({ast.unparse(operand)})"
        case ast.Constant(value=bool()):
            return
        case ast.Constant(value=int() | float() as value):
            yield BOUND, node, repr(value + 1)
        case ast.Expr(value=ast.Call() | ast.Await(value=ast.Call())):
            yield CALL, node, "pass"
