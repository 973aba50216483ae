"""The user service over gRPC, asked whether an account still exists."""

import grpc

from services.order.application.ports import AccountState, AccountsUnreachable
from shopmesh.user.v1 import contact_service_pb2 as contact
from shopmesh.user.v1.contact_service_pb2_grpc import ContactServiceStub

_TIMEOUT_SECONDS = 2.0
_STATES = {
    contact.ACCOUNT_STATE_ACTIVE: AccountState.ACTIVE,
    contact.ACCOUNT_STATE_ERASED: AccountState.ERASED,
    contact.ACCOUNT_STATE_UNKNOWN: AccountState.UNKNOWN,
}


class GrpcAccounts:
    """Calls the user service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._contact = ContactServiceStub(channel)

    async def state(self, user_id: str) -> AccountState:
        request = contact.GetAccountStateRequest(user_id=user_id)
        try:
            response = await self._contact.GetAccountState(request, timeout=_TIMEOUT_SECONDS)
            return _STATES[response.state]
        except (grpc.aio.AioRpcError, KeyError):
            raise AccountsUnreachable("the user service does not say the account's state") from None
