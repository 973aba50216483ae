"""Finding accounts by their addresses, for commands that take one."""

from mesh.cli.channels import channel_as
from mesh.launcher.errors import LaunchError
from mesh.settings import MeshSettings
from shopmesh.user.v1.user_service_pb2 import ListUsersRequest
from shopmesh.user.v1.user_service_pb2_grpc import UserServiceStub


async def user_id_of(email: str, *, who: str, settings: MeshSettings) -> str:
    """The id of the account with an address.

    Args:
        email: The address; upper and lower case are the same.
        who: The account that asks, which needs the scope `users:admin`.
        settings: Of the running mesh.

    Raises:
        LaunchError: There is none.
    """
    async with channel_as(who, "user", settings) as channel:
        found = await UserServiceStub(channel).ListUsers(ListUsersRequest(email=email, page_size=1))
    if not found.users:
        raise LaunchError(f"There is no account {email}.", "Whose mails there are: shopmesh mail list")
    return found.users[0].user_id
