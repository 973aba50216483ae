"""The pages behind mailed links. GET shows a form and uses nothing up: mail scanners follow links."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from services.user.application.passwords import Passwords
from services.user.application.registrations import Registrations
from services.user.domain.errors import InvalidField, LinkInvalid, WeakPassword
from services.user.entrypoints.forms import read_form
from services.user.entrypoints.pages import Pages

_MOST_TOKEN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class AccountPages:
    """Confirm an address, set a new password."""

    registrations: Registrations
    passwords: Passwords
    pages: Pages
    issuer: str

    async def show_verify(self, request: Request) -> Response:
        return self._verify_form(_query_token(request))

    async def verify(self, request: Request) -> Response:
        fields = dict(await read_form(request))
        token, password = fields.get("token", "")[:_MOST_TOKEN_CHARACTERS], fields.get("password", "")
        name = fields.get("displayName", "")
        try:
            await self.registrations.verify(token, password=password, display_name=name)
        except InvalidField as problem:
            _, rule = problem.fields[0]
            return self._verify_form(token, problem=f"It {rule}.", name=name, status=400)
        except LinkInvalid as problem:
            return self._message("This link does not work", f"Sorry: {problem}.", status=400)
        return self._message("Your address is confirmed", "You can log in now.")

    async def show_reset(self, request: Request) -> Response:
        return self._reset_form(_query_token(request))

    async def reset(self, request: Request) -> Response:
        fields = dict(await read_form(request))
        token, password = fields.get("token", "")[:_MOST_TOKEN_CHARACTERS], fields.get("password", "")
        if password != fields.get("repeated", ""):
            return self._reset_form(token, problem="The two passwords differ.", status=400)
        try:
            await self.passwords.reset(token, new=password)
        except WeakPassword as problem:
            return self._reset_form(token, problem=f"The password {problem.fields[0][1]}.", status=400)
        except LinkInvalid as problem:
            return self._message("This link does not work", f"Sorry: {problem}.", status=400)
        return self._message("Your password is set", "Log in with your new password.")

    def _verify_form(self, token: str, *, problem: str = "", name: str = "", status: int = 200) -> Response:
        return self.pages.render(
            "verify",
            status=status,
            title="Confirm your address",
            token=token,
            problem=problem,
            display_name=name,
        )

    def _reset_form(self, token: str, *, problem: str = "", status: int = 200) -> Response:
        return self.pages.render(
            "reset", status=status, title="Set a new password", token=token, problem=problem
        )

    def _message(self, title: str, text: str, *, status: int = 200) -> Response:
        return self.pages.render("message", status=status, title=title, text=text, home=f"{self.issuer}/")


def _query_token(request: Request) -> str:
    return request.query_params.get("token", "")[:_MOST_TOKEN_CHARACTERS]
