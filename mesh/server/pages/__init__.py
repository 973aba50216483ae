"""Pages that services make themselves: plain HTML and one style sheet, no script, nothing from elsewhere."""

import base64
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from urllib.parse import urlsplit

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from mesh.languages import N_, Catalogues, Translations

_REFUSALS: Mapping[int, tuple[str, str]] = {
    404: (N_("There is nothing here"), N_("The address was mistyped, or is an old one.")),
    429: (N_("That was too often"), N_("Please wait a moment, then load this page again.")),
    503: (N_("Not now"), N_("The shop cannot answer at the moment. Please try again soon.")),
}
_REFUSAL = (N_("This does not work"), N_("The shop cannot answer this request."))


def refusal_words(status: int, words: Translations) -> tuple[str, str]:
    """Title and text of the page of a request that is refused with an HTTP status."""
    title, text = _REFUSALS.get(status, _REFUSAL)
    return words.gettext(title), words.gettext(text)


class Pages:
    """Renders pages in each language, with a policy that allows their own style sheet and nothing else."""

    def __init__(self, package: str, catalogues: Catalogues) -> None:
        """Read the templates.

        Args:
            package: Where the service's own are, in `templates`; what all pages share is here.
            catalogues: Their texts.
        """
        style = files(__name__).joinpath("style.css").read_text()
        self._style_hash = base64.b64encode(sha256(style.encode()).digest()).decode()
        self._environments = {
            language: _environment(package, language, style, catalogues.words(language))
            for language in catalogues.languages
        }

    def render(
        self,
        page: str,
        *,
        language: str,
        status: int = 200,
        form_targets: Sequence[str] = (),
        values: Mapping[str, object],
    ) -> HTMLResponse:
        """Render a page.

        Args:
            page: The template's name.
            language: One of the catalogues'.
            status: The HTTP status.
            form_targets: URLs to which a form's answer may redirect: browsers hold
                redirects against `form-action` too.
            values: What the template shows.
        """
        html = self._environments[language].get_template(f"{page}.html").render(**values)
        return HTMLResponse(html, status, headers=self._headers(language, form_targets))

    def _headers(self, language: str, form_targets: Sequence[str]) -> dict[str, str]:
        targets = " ".join(("'self'", *dict.fromkeys(_origin(url) for url in form_targets)))
        policy = (
            f"default-src 'none'; style-src 'sha256-{self._style_hash}'; form-action {targets}; "
            "frame-ancestors 'none'; base-uri 'none'"
        )
        return {
            "Content-Security-Policy": policy,
            "Content-Language": language,
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            # Without a referrer at all browsers would send no origin with a form either.
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
            "Vary": "Accept-Language, Cookie",
        }


def _environment(package: str, language: str, style: str, words: Translations) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(__name__)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {"style": style, "language": language}
    return environment


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
