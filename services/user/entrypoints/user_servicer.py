"""`shopmesh.user.v1.UserService`."""

from dataclasses import dataclass
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from interceptors.auth.caller import caller
from services.kernel.paging import page_size
from services.user.application.accounts import Accounts
from services.user.application.addresses import Addresses
from services.user.application.administration import Administration
from services.user.application.email_changes import EmailChanges
from services.user.application.passwords import Passwords
from services.user.application.registrations import Registrations
from services.user.application.sessions import Sessions
from services.user.domain.account import CHANGEABLE_FIELDS
from services.user.domain.errors import InvalidField
from services.user.entrypoints.messages import (
    address_message,
    export_message,
    new_address,
    session_message,
    user_message,
)
from services.user.entrypoints.origin import customer_origin
from services.user.entrypoints.page_tokens import next_token, position
from services.user.entrypoints.staff_methods import StaffMethods
from shopmesh.user.v1 import user_service_pb2 as pb
from shopmesh.user.v1 import user_service_pb2_grpc


@dataclass(frozen=True, slots=True)
class UserCases:
    """What is done with accounts."""

    accounts: Accounts
    addresses: Addresses
    passwords: Passwords
    registrations: Registrations
    email_changes: EmailChanges
    sessions: Sessions
    administration: Administration


class UserServicer(StaffMethods, user_service_pb2_grpc.UserServiceServicer):
    """Accounts of customers; what staff does with them is `StaffMethods`."""

    def __init__(self, cases: UserCases) -> None:
        super().__init__(accounts=cases.accounts, administration=cases.administration)
        self._cases = cases

    async def RegisterUser(self, request: pb.RegisterUserRequest, context: Any) -> pb.RegisterUserResponse:
        await self._cases.registrations.register(
            email=request.email,
            locale=request.locale if request.HasField("locale") else None,
            origin=customer_origin(context),
        )
        return pb.RegisterUserResponse(email=request.email)

    async def VerifyEmail(self, request: pb.VerifyEmailRequest, context: Any) -> pb.VerifyEmailResponse:
        await self._cases.registrations.verify(
            request.token,
            password=request.password,
            display_name=request.display_name,
            origin=customer_origin(context),
        )
        return pb.VerifyEmailResponse()

    async def GetUser(self, request: pb.GetUserRequest, context: Any) -> pb.GetUserResponse:
        return pb.GetUserResponse(user=user_message(await self._cases.accounts.get(caller().subject)))

    async def UpdateUser(self, request: pb.UpdateUserRequest, context: Any) -> pb.UpdateUserResponse:
        named = _changed_fields(request.update_mask)
        account = await self._cases.accounts.update(
            caller().subject,
            display_name=request.user.display_name if "display_name" in named else None,
            locale=request.user.locale if "locale" in named else None,
            origin=customer_origin(context),
        )
        return pb.UpdateUserResponse(user=user_message(account))

    async def ChangePassword(
        self, request: pb.ChangePasswordRequest, context: Any
    ) -> pb.ChangePasswordResponse:
        who = caller()
        await self._cases.passwords.change(
            who.subject,
            current=request.current_password,
            new=request.new_password,
            sid=who.sid,
            origin=customer_origin(context),
        )
        return pb.ChangePasswordResponse()

    async def RequestPasswordReset(
        self, request: pb.RequestPasswordResetRequest, context: Any
    ) -> pb.RequestPasswordResetResponse:
        await self._cases.passwords.request_reset(request.email, origin=customer_origin(context))
        return pb.RequestPasswordResetResponse()

    async def ResetPassword(self, request: pb.ResetPasswordRequest, context: Any) -> pb.ResetPasswordResponse:
        await self._cases.passwords.reset(
            request.token, new=request.new_password, origin=customer_origin(context)
        )
        return pb.ResetPasswordResponse()

    async def CreateAddress(self, request: pb.CreateAddressRequest, context: Any) -> pb.CreateAddressResponse:
        address = await self._cases.addresses.add(caller().subject, new_address(request.address))
        return pb.CreateAddressResponse(address=address_message(address))

    async def ListAddresses(self, request: pb.ListAddressesRequest, context: Any) -> pb.ListAddressesResponse:
        user_id, size = caller().subject, page_size(request.page_size)
        before = position(request.page_token, filters=f"addresses:{user_id}")
        found = await self._cases.addresses.page(user_id, before=before, size=size + 1)
        return pb.ListAddressesResponse(
            addresses=[address_message(address) for address in found[:size]],
            next_page_token=next_token(
                [each.address_id for each in found], size=size, filters=f"addresses:{user_id}"
            ),
        )

    async def DeleteAddress(self, request: pb.DeleteAddressRequest, context: Any) -> pb.DeleteAddressResponse:
        await self._cases.addresses.remove(caller().subject, request.address_id)
        return pb.DeleteAddressResponse()

    async def EraseUser(self, request: pb.EraseUserRequest, context: Any) -> pb.EraseUserResponse:
        await self._cases.accounts.erase(caller().subject)
        return pb.EraseUserResponse()

    async def ExportUser(self, request: pb.ExportUserRequest, context: Any) -> pb.ExportUserResponse:
        return export_message(await self._cases.accounts.export(caller().subject))

    async def RequestEmailChange(
        self, request: pb.RequestEmailChangeRequest, context: Any
    ) -> pb.RequestEmailChangeResponse:
        await self._cases.email_changes.request(
            caller().subject, request.new_email, origin=customer_origin(context)
        )
        return pb.RequestEmailChangeResponse()

    async def ConfirmEmailChange(
        self, request: pb.ConfirmEmailChangeRequest, context: Any
    ) -> pb.ConfirmEmailChangeResponse:
        await self._cases.email_changes.confirm(request.token, origin=customer_origin(context))
        return pb.ConfirmEmailChangeResponse()

    async def ListSessions(self, request: pb.ListSessionsRequest, context: Any) -> pb.ListSessionsResponse:
        found = await self._cases.sessions.open_of(caller().subject)
        return pb.ListSessionsResponse(
            sessions=[session_message(session, current=caller().sid) for session in found]
        )

    async def EndSession(self, request: pb.EndSessionRequest, context: Any) -> pb.EndSessionResponse:
        await self._cases.sessions.end(caller().subject, request.session_id, origin=customer_origin(context))
        return pb.EndSessionResponse()

    async def EndOtherSessions(
        self, request: pb.EndOtherSessionsRequest, context: Any
    ) -> pb.EndOtherSessionsResponse:
        await self._cases.sessions.end_others(caller().subject, caller().sid, origin=customer_origin(context))
        return pb.EndOtherSessionsResponse()


def _changed_fields(mask: FieldMask) -> frozenset[str]:
    named = frozenset(mask.paths)
    if not named or not named <= set(CHANGEABLE_FIELDS):
        rule = "has to name at least one of displayName, locale, and nothing else"
        raise InvalidField(f"updateMask {rule}", fields=[("updateMask", rule)])
    return named
