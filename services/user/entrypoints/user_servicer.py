"""`shopmesh.user.v1.UserService`."""

from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from interceptors.auth.caller import caller, caller_address
from services.kernel.paging import decode_page_token, encode_page_token, page_size
from services.user.application.accounts import Accounts
from services.user.application.addresses import Addresses
from services.user.application.passwords import Passwords
from services.user.application.registrations import Registrations
from services.user.domain.account import CHANGEABLE_FIELDS
from services.user.domain.errors import InvalidField
from services.user.domain.network import network_prefix
from services.user.entrypoints.messages import address_message, export_message, new_address, user_message
from shopmesh.user.v1 import user_service_pb2 as pb
from shopmesh.user.v1 import user_service_pb2_grpc


class UserServicer(user_service_pb2_grpc.UserServiceServicer):
    """Accounts of customers and staff."""

    def __init__(
        self, *, accounts: Accounts, addresses: Addresses, passwords: Passwords, registrations: Registrations
    ) -> None:
        self._accounts = accounts
        self._addresses = addresses
        self._passwords = passwords
        self._registrations = registrations

    async def RegisterUser(self, request: pb.RegisterUserRequest, context: Any) -> pb.RegisterUserResponse:
        await self._registrations.register(
            email=request.email,
            locale=request.locale if request.HasField("locale") else None,
            network=network_prefix(caller_address(context)),
        )
        return pb.RegisterUserResponse(email=request.email)

    async def VerifyEmail(self, request: pb.VerifyEmailRequest, context: Any) -> pb.VerifyEmailResponse:
        await self._registrations.verify(
            request.token, password=request.password, display_name=request.display_name
        )
        return pb.VerifyEmailResponse()

    async def GetUser(self, request: pb.GetUserRequest, context: Any) -> pb.GetUserResponse:
        return pb.GetUserResponse(user=user_message(await self._accounts.get(caller().subject)))

    async def UpdateUser(self, request: pb.UpdateUserRequest, context: Any) -> pb.UpdateUserResponse:
        named = _changed_fields(request.update_mask)
        account = await self._accounts.update(
            caller().subject,
            display_name=request.user.display_name if "display_name" in named else None,
            locale=request.user.locale if "locale" in named else None,
        )
        return pb.UpdateUserResponse(user=user_message(account))

    async def ChangePassword(
        self, request: pb.ChangePasswordRequest, context: Any
    ) -> pb.ChangePasswordResponse:
        who = caller()
        await self._passwords.change(
            who.subject,
            current=request.current_password,
            new=request.new_password,
            sid=who.sid,
        )
        return pb.ChangePasswordResponse()

    async def RequestPasswordReset(
        self, request: pb.RequestPasswordResetRequest, context: Any
    ) -> pb.RequestPasswordResetResponse:
        await self._passwords.request_reset(request.email, network=network_prefix(caller_address(context)))
        return pb.RequestPasswordResetResponse()

    async def ResetPassword(self, request: pb.ResetPasswordRequest, context: Any) -> pb.ResetPasswordResponse:
        await self._passwords.reset(request.token, new=request.new_password)
        return pb.ResetPasswordResponse()

    async def CreateAddress(self, request: pb.CreateAddressRequest, context: Any) -> pb.CreateAddressResponse:
        address = await self._addresses.add(caller().subject, new_address(request.address))
        return pb.CreateAddressResponse(address=address_message(address))

    async def ListAddresses(self, request: pb.ListAddressesRequest, context: Any) -> pb.ListAddressesResponse:
        user_id, size = caller().subject, page_size(request.page_size)
        before = _position(request.page_token, filters=f"addresses:{user_id}")
        found = await self._addresses.page(user_id, before=before, size=size + 1)
        return pb.ListAddressesResponse(
            addresses=[address_message(address) for address in found[:size]],
            next_page_token=_token(
                [each.address_id for each in found], size=size, filters=f"addresses:{user_id}"
            ),
        )

    async def DeleteAddress(self, request: pb.DeleteAddressRequest, context: Any) -> pb.DeleteAddressResponse:
        await self._addresses.remove(caller().subject, request.address_id)
        return pb.DeleteAddressResponse()

    async def EraseUser(self, request: pb.EraseUserRequest, context: Any) -> pb.EraseUserResponse:
        await self._accounts.erase(caller().subject)
        return pb.EraseUserResponse()

    async def ExportUser(self, request: pb.ExportUserRequest, context: Any) -> pb.ExportUserResponse:
        return export_message(await self._accounts.export(caller().subject))

    async def ListUsers(self, request: pb.ListUsersRequest, context: Any) -> pb.ListUsersResponse:
        size, before = page_size(request.page_size), _position(request.page_token, filters="users")
        if request.email:
            found = await self._accounts.find(request.email)
        else:
            found = await self._accounts.page(before=before, size=size + 1)
        return pb.ListUsersResponse(
            users=[user_message(account) for account in found[:size]],
            next_page_token=_token([each.user_id for each in found], size=size, filters="users"),
        )

    async def GrantScopes(self, request: pb.GrantScopesRequest, context: Any) -> pb.GrantScopesResponse:
        account = await self._accounts.grant_scopes(request.user_id, request.scopes, actor=_staff())
        return pb.GrantScopesResponse(user=user_message(account))

    async def RevokeScopes(self, request: pb.RevokeScopesRequest, context: Any) -> pb.RevokeScopesResponse:
        account = await self._accounts.revoke_scopes(request.user_id, request.scopes, actor=_staff())
        return pb.RevokeScopesResponse(user=user_message(account))


def _changed_fields(mask: FieldMask) -> frozenset[str]:
    named = frozenset(mask.paths)
    if not named or not named <= set(CHANGEABLE_FIELDS):
        rule = "has to name at least one of displayName, locale, and nothing else"
        raise InvalidField(f"updateMask {rule}", fields=[("updateMask", rule)])
    return named


def _staff() -> str:
    return f"staff:{caller().subject}"


def _position(token: str, *, filters: str) -> str | None:
    return decode_page_token(token, filters=filters) if token else None


def _token(ids: list[str], *, size: int, filters: str) -> str:
    """The token of the next page; `ids` holds one more than the page if there is one."""
    return encode_page_token(ids[size - 1], filters=filters) if len(ids) > size else ""
