"""Pages for who is not logged in: registering, mailed links, forgotten passwords.

GET shows a form and uses nothing up: mail scanners follow links.
"""

from dataclasses import dataclass

from starlette.responses import Response

from mesh.server.refusals import Refused
from services.user.application.device_links import DeviceLinks
from services.user.entrypoints.device_cookies import PREFIX
from services.user.entrypoints.forms import set_cookie
from services.user.entrypoints.site import LOGIN, Site, in_words
from services.user.entrypoints.visit import Visit

DEVICE_SECONDS = 400 * 24 * 3600
"""As long as browsers keep a cookie at most (RFC 6265bis §5.5)."""


@dataclass(frozen=True, slots=True)
class VisitorPages:
    """Make an account, confirm it, get back into it."""

    site: Site
    device_links: DeviceLinks

    async def register(self, visit: Visit) -> Response:
        if not visit.is_form:
            return self.site.show(visit, "register")
        email = visit.fields.get("email", "")
        try:
            await self.site.call(visit, "RegisterUser", {"email": email, "locale": visit.language})
        except Refused as refused:
            return self.site.show(visit, "register", refused=refused)
        return self._look_at_mails(visit, again="/account/register")

    async def verify(self, visit: Visit) -> Response:
        if not visit.is_form:
            return self._with_token(visit, "verify")
        try:
            await self.site.call(visit, "VerifyEmail", _named(visit, "token", "password", "displayName"))
        except Refused as refused:
            return self._again(visit, "verify", refused)
        return self._now_log_in(visit, visit.say("Your address is confirmed"))

    async def forgot(self, visit: Visit) -> Response:
        if not visit.is_form:
            return self.site.show(visit, "forgot")
        try:
            await self.site.call(visit, "RequestPasswordReset", _named(visit, "email"))
        except Refused as refused:
            return self.site.show(visit, "forgot", refused=refused)
        return self._look_at_mails(visit, again="/account/forgot")

    async def reset(self, visit: Visit) -> Response:
        if not visit.is_form:
            return self._with_token(visit, "reset")
        try:
            await self.site.call(visit, "ResetPassword", _named(visit, "token", "newPassword"))
        except Refused as refused:
            return self._again(visit, "reset", refused)
        return self._now_log_in(visit, visit.say("Your password is set"))

    async def confirm_email(self, visit: Visit) -> Response:
        if not visit.is_form:
            return self._confirm(
                visit,
                title=visit.say("Confirm your new address"),
                text=visit.say("From then on you log in with it, and mails go there."),
                button=visit.say("Confirm my address"),
            )
        await self.site.call(visit, "ConfirmEmailChange", _named(visit, "token"))
        title, text = visit.say("Your address is changed"), visit.say("The old one gets a mail that says so.")
        return self.site.message(visit, title, text, way_on=("/account", visit.say("To your account")))

    async def device(self, visit: Visit) -> Response:
        """The link that makes a device known; a form without its token asks for it."""
        if not visit.is_form:
            return self._confirm(
                visit,
                title=visit.say("Make this device known"),
                text=visit.say("Then you can log in here even while somebody else guesses at your password."),
                button=visit.say("Make it known"),
            )
        with in_words():
            if "token" in visit.fields:
                return await self._make_known(visit)
            await self.device_links.request(visit.fields.get("email", ""), origin=visit.origin("anonymous"))
        return self._look_at_mails(visit, again="/account/device")

    async def _make_known(self, visit: Visit) -> Response:
        name, proof = await self.device_links.use(
            visit.fields["token"][:200], address=visit.address, device=visit.browser.name
        )
        response = self._now_log_in(visit, visit.say("This device is known now"))
        set_cookie(response, f"{PREFIX}{name}", proof, max_age=DEVICE_SECONDS)
        return response

    def _with_token(self, visit: Visit, page: str) -> Response:
        return self.site.show(visit, page, values=_values(visit))

    def _confirm(self, visit: Visit, *, title: str, text: str, button: str) -> Response:
        action, values = visit.request.url.path, _values(visit)
        return self.site.show(
            visit, "confirm", values=values, action=action, title=title, text=text, button=button
        )

    def _again(self, visit: Visit, page: str, refused: Refused) -> Response:
        if refused.refusal.reason == "TOKEN_INVALID":
            raise refused
        return self.site.show(visit, page, refused=refused)

    def _look_at_mails(self, visit: Visit, *, again: str) -> Response:
        text = visit.say("If %(email)s can have one, a mail with a link is on its way there.")
        again_page = LOGIN if again == "/account/device" else again
        shown = text % {"email": visit.fields.get("email", "")}
        return self.site.show(visit, "check_mail", text=shown, again=again, again_page=again_page)

    def _now_log_in(self, visit: Visit, title: str) -> Response:
        way_on = (LOGIN, visit.say("Log in"))
        return self.site.message(visit, title, visit.say("You can log in now."), way_on=way_on)


def _named(visit: Visit, *names: str) -> dict[str, str]:
    return {name: visit.fields.get(name, "") for name in names}


def _values(visit: Visit) -> dict[str, str]:
    return {"token": visit.query.get("token", "")[:200], "displayName": ""}
