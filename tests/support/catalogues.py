"""The texts of the pages, as they stand in the templates and in the code."""

from pathlib import Path

from babel.messages.extract import extract_from_dir

_KEYWORDS = {"_": None, "gettext": None, "say": None, "N_": None}
_METHODS = [("**.html", "jinja2"), ("**.py", "python")]


def texts_of(folder: Path) -> set[str]:
    """Every text that a folder's pages can show."""
    found = extract_from_dir(
        folder,
        method_map=_METHODS,
        options_map={"**.html": {"newstyle_gettext": "true", "trimmed": "true"}},
        keywords=_KEYWORDS,
    )
    return {str(text) for _, _, text, _, _ in found}
