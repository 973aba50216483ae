"""The methods of `shopmesh.user.v1.UserService` that staff calls."""

from typing import Any

from interceptors.auth.caller import caller
from services.kernel.paging import decode_position, page_size
from services.user.application.accounts import Accounts
from services.user.application.administration import Administration
from services.user.entrypoints.messages import security_event_message, user_message
from services.user.entrypoints.origin import staff_origin
from services.user.entrypoints.page_tokens import next_token, position
from shopmesh.user.v1 import user_service_pb2 as pb


class StaffMethods:
    """Finding accounts, their rights, their doors, and what happened to them."""

    def __init__(self, *, accounts: Accounts, administration: Administration) -> None:
        self._accounts = accounts
        self._administration = administration

    async def ListUsers(self, request: pb.ListUsersRequest, context: Any) -> pb.ListUsersResponse:
        size, before = page_size(request.page_size), position(request.page_token, filters="users")
        if request.email:
            found = await self._accounts.find(request.email)
        else:
            found = await self._accounts.page(before=before, size=size + 1)
        return pb.ListUsersResponse(
            users=[user_message(account) for account in found[:size]],
            next_page_token=next_token([each.user_id for each in found], size=size, filters="users"),
        )

    async def GrantScopes(self, request: pb.GrantScopesRequest, context: Any) -> pb.GrantScopesResponse:
        account = await self._administration.grant_scopes(
            request.user_id, request.scopes, by=caller().subject, origin=staff_origin(context)
        )
        return pb.GrantScopesResponse(user=user_message(account))

    async def RevokeScopes(self, request: pb.RevokeScopesRequest, context: Any) -> pb.RevokeScopesResponse:
        account = await self._administration.revoke_scopes(
            request.user_id, request.scopes, by=caller().subject, origin=staff_origin(context)
        )
        return pb.RevokeScopesResponse(user=user_message(account))

    async def DisableUser(self, request: pb.DisableUserRequest, context: Any) -> pb.DisableUserResponse:
        account = await self._administration.disable(
            request.user_id, request.reason, by=caller().subject, origin=staff_origin(context)
        )
        return pb.DisableUserResponse(user=user_message(account))

    async def EnableUser(self, request: pb.EnableUserRequest, context: Any) -> pb.EnableUserResponse:
        account = await self._administration.enable(request.user_id, origin=staff_origin(context))
        return pb.EnableUserResponse(user=user_message(account))

    async def UnlockUser(self, request: pb.UnlockUserRequest, context: Any) -> pb.UnlockUserResponse:
        account = await self._administration.unlock(request.user_id, origin=staff_origin(context))
        return pb.UnlockUserResponse(user=user_message(account))

    async def LogOutUser(self, request: pb.LogOutUserRequest, context: Any) -> pb.LogOutUserResponse:
        account = await self._administration.log_out(request.user_id, origin=staff_origin(context))
        return pb.LogOutUserResponse(user=user_message(account))

    async def StartPasswordReset(
        self, request: pb.StartPasswordResetRequest, context: Any
    ) -> pb.StartPasswordResetResponse:
        account = await self._administration.start_reset(request.user_id, origin=staff_origin(context))
        return pb.StartPasswordResetResponse(user=user_message(account))

    async def ListSecurityEvents(
        self, request: pb.ListSecurityEventsRequest, context: Any
    ) -> pb.ListSecurityEventsResponse:
        size, filters = page_size(request.page_size), f"security-events:{request.user_id}"
        before = decode_position(request.page_token, filters=filters) or None
        found = await self._administration.events(request.user_id, before=before, size=size + 1)
        return pb.ListSecurityEventsResponse(
            events=[security_event_message(event) for _, event in found[:size]],
            next_page_token=next_token([str(number) for number, _ in found], size=size, filters=filters),
        )
