"""Which tests executed a line, by what `recording` has written."""

from pathlib import Path

from coverage import CoverageData


class Executed:
    """The tests by file and line."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._root = root
        self._data = CoverageData(no_disk=True)
        for file in sorted(folder.glob("lines.*")):
            part = CoverageData(str(file))
            part.read()
            self._data.update(part)

    def tests_of(self, path: str, line: int) -> list[str]:
        """The ids of the tests that executed a line in their own process.

        What is executed at import, such as a constant, belongs to no test: those of its whole file, then.
        """
        by_line = self._data.contexts_by_lineno(str(self._root / path))
        tests = set(by_line.get(line, [])) - {""}
        return sorted(tests or {test for tests in by_line.values() for test in tests} - {""})
