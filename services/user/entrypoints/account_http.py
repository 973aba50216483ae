"""Pages of one's own account."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from unicodedata import normalize

from babel import Locale
from babel.dates import format_datetime
from google.protobuf.json_format import MessageToJson
from starlette.responses import Response

from mesh.messages import time_of
from mesh.places.countries import COUNTRY_CODES
from mesh.server.refusals import Refused
from services.user.entrypoints.forms import delete_cookie
from services.user.entrypoints.pages import CATALOGUES
from services.user.entrypoints.site import Site, see_other
from services.user.entrypoints.visit import SESSION_COOKIE, Visit
from shopmesh.user.v1 import user_service_pb2 as pb

_ADDRESS_FIELDS = tuple(
    f"address.{name}"
    for name in ("recipient", "line1", "line2", "city", "region", "postalCode", "countryCode")
)
_DONE = "done"


@dataclass(frozen=True, slots=True)
class AccountPages:
    """Name and language, addresses, password, mail address, devices, data, the end."""

    site: Site

    async def overview(self, visit: Visit) -> Response:
        return self._profile_page(visit, _profile(visit))

    async def profile(self, visit: Visit) -> Response:
        if not visit.is_form:
            return see_other("/account")
        named = {name: visit.fields.get(name, "") for name in ("user.displayName", "user.locale")}
        try:
            await self.site.call(visit, "UpdateUser", named | {"updateMask": "displayName,locale"})
        except Refused as refused:
            return self._profile_page(visit, named, refused=refused)
        return _again(visit, "/account")

    async def addresses(self, visit: Visit) -> Response:
        refused = None
        if visit.is_form:
            refused = await self._change_addresses(visit)
            if refused is None:
                return _again(visit)
        listed: pb.ListAddressesResponse = await self.site.call(visit, "ListAddresses", {"pageSize": "50"})
        return self.site.show(
            visit,
            "addresses",
            refused=refused,
            addresses=listed.addresses,
            countries=_countries(visit.language),
            done=_done(visit, visit.say("Your addresses are changed.")),
        )

    async def password(self, visit: Visit) -> Response:
        if visit.is_form:
            named = {name: visit.fields.get(name, "") for name in ("currentPassword", "newPassword")}
            try:
                await self.site.call(visit, "ChangePassword", named)
            except Refused as refused:
                return self.site.show(visit, "password", refused=refused)
            return _again(visit)
        return self.site.show(visit, "password", done=_done(visit, visit.say("Your password is changed.")))

    async def email(self, visit: Visit) -> Response:
        if visit.is_form:
            try:
                await self.site.call(
                    visit, "RequestEmailChange", {"newEmail": visit.fields.get("newEmail", "")}
                )
            except Refused as refused:
                if refused.refusal.reason == "LOGIN_TOO_OLD":
                    raise
                return self.site.show(visit, "email", refused=refused)
            return _again(visit)
        done = visit.say("A mail with a link is on its way to the new address.")
        return self.site.show(visit, "email", done=_done(visit, done))

    async def sessions(self, visit: Visit) -> Response:
        if visit.is_form:
            if "others" in visit.fields:
                await self.site.call(visit, "EndOtherSessions", {})
            else:
                await self.site.call(visit, "EndSession", {"sessionId": visit.fields.get("sessionId", "")})
            return _again(visit)
        listed: pb.ListSessionsResponse = await self.site.call(visit, "ListSessions", {})
        return self.site.show(
            visit,
            "sessions",
            sessions=[_shown(session, visit.language) for session in listed.sessions],
            done=_done(visit, visit.say("It is logged out.")),
        )

    async def export(self, visit: Visit) -> Response:
        if not visit.is_form:
            return self.site.show(visit, "export")
        export: pb.ExportUserResponse = await self.site.call(visit, "ExportUser", {})
        return Response(
            MessageToJson(export, always_print_fields_with_no_presence=True, indent=2),
            media_type="application/json",
            headers={
                "Content-Disposition": 'attachment; filename="shopmesh-account.json"',
                "Cache-Control": "no-store",
            },
        )

    async def erase(self, visit: Visit) -> Response:
        if not visit.is_form:
            return self.site.show(visit, "erase")
        if visit.fields.get("sure") != "yes":
            return self.site.show(
                visit, "erase", problem=visit.say("Nothing was erased: please tick the box.")
            )
        await self.site.call(visit, "EraseUser", {})
        response = self.site.message(
            visit.without_account(),
            visit.say("Your account is erased"),
            visit.say("One last mail says so. Thank you for having been here."),
            way_on=("/session/logout", visit.say("To the shop")),
        )
        delete_cookie(response, SESSION_COOKIE)
        return response

    def _profile_page(
        self, visit: Visit, values: Mapping[str, str], *, refused: Refused | None = None
    ) -> Response:
        return self.site.show(
            visit,
            "account",
            refused=refused,
            values=defaultdict(str, values),
            locales=[(tag, Locale.parse(tag).get_display_name(tag)) for tag in CATALOGUES.languages],
            done=_done(visit, visit.say("It is saved.")),
        )

    async def _change_addresses(self, visit: Visit) -> Refused | None:
        """Remove or add one; why it is refused."""
        try:
            if "addressId" in visit.fields:
                await self.site.call(visit, "DeleteAddress", {"addressId": visit.fields["addressId"]})
            else:
                named = {name: visit.fields.get(name, "") for name in _ADDRESS_FIELDS}
                await self.site.call(visit, "CreateAddress", named)
        except Refused as refused:
            return refused
        return None


@dataclass(frozen=True, slots=True)
class _ShownSession:
    session_id: str
    device: str
    begin: str
    use: str
    current: bool


def _shown(session: pb.LoginSession, language: str) -> _ShownSession:
    begin, use = (
        format_datetime(time_of(time), "short", locale=language) + " UTC"
        for time in (session.create_time, session.use_time)
    )
    return _ShownSession(session.session_id, session.device, begin, use, session.current)


def _profile(visit: Visit) -> dict[str, str]:
    assert visit.account is not None
    return {
        "user.displayName": visit.account.display_name,
        "user.locale": CATALOGUES.language_of(visit.account.locale),
    }


def _countries(language: str) -> list[tuple[str, str]]:
    names = Locale.parse(language).territories
    named = ((code, names.get(code, code)) for code in COUNTRY_CODES)
    # Letters with an accent stand beside those without.
    return sorted(named, key=lambda each: normalize("NFKD", each[1]))


def _again(visit: Visit, path: str = "") -> Response:
    """Show the page by a GET, so that reloading it repeats nothing."""
    return see_other(f"{path or visit.request.url.path}?{_DONE}=1")


def _done(visit: Visit, text: str) -> str:
    return text if _DONE in visit.query else ""
