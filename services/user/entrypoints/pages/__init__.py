"""The provider's own pages: plain HTML and one style sheet, no script, nothing from elsewhere."""

import base64
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse


class Pages:
    """Renders pages, each with a policy that allows its own style sheet and nothing else."""

    def __init__(self) -> None:
        loader = PackageLoader("services.user.entrypoints", "pages")
        self._environment = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        style = files(__name__).joinpath("style.css").read_text()
        self._environment.globals["style"] = style
        self._style_hash = base64.b64encode(sha256(style.encode()).digest()).decode()

    def render(
        self, page: str, *, status: int = 200, form_targets: Sequence[str] = (), **values: object
    ) -> HTMLResponse:
        """Render a page.

        Args:
            page: The template's name.
            status: The HTTP status.
            form_targets: URLs to which a form's answer may redirect: browsers hold
                redirects against `form-action` too.
            values: What the template shows.
        """
        html = self._environment.get_template(f"{page}.html").render(**values)
        return HTMLResponse(html, status, headers=self._headers(form_targets))

    def _headers(self, form_targets: Sequence[str]) -> dict[str, str]:
        targets = " ".join(("'self'", *dict.fromkeys(_origin(url) for url in form_targets)))
        policy = (
            f"default-src 'none'; style-src 'sha256-{self._style_hash}'; form-action {targets}; "
            "frame-ancestors 'none'; base-uri 'none'"
        )
        return {
            "Content-Security-Policy": policy,
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
