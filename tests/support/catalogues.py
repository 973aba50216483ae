"""The texts of pages and mails, as they stand in the templates and in the code."""

from pathlib import Path

from babel.messages.extract import extract_from_dir

_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "N_": None}
_METHODS = [("**.html", "jinja2"), ("**.j2", "jinja2"), ("**.py", "python")]
_TEMPLATES = {"newstyle_gettext": "true", "trimmed": "true"}


def texts_of(folder: Path) -> set[str]:
    """Every text that a folder's pages or mails can show; of one with forms by number the first."""
    found = extract_from_dir(
        folder,
        method_map=_METHODS,
        options_map={"**.html": _TEMPLATES, "**.j2": _TEMPLATES},
        keywords=_KEYWORDS,
    )
    return {text if isinstance(text, str) else text[0] for _, _, text, _, _ in found}
