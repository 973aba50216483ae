"""Accounts and addresses as messages of the contract."""

from collections.abc import Sequence

from google.protobuf.struct_pb2 import Struct

from mesh.messages import timestamp
from services.user.application.accounts import Export
from services.user.application.addresses import NewAddress
from services.user.domain.account import Account, Activity, Address
from shopmesh.user.v1 import user_service_pb2 as pb


def user_message(account: Account) -> pb.User:
    return pb.User(
        user_id=account.user_id,
        email=account.email,
        display_name=account.display_name,
        email_verified=account.email_verified,
        scopes=sorted(account.scopes),
        locale=account.locale,
        create_time=timestamp(account.create_time),
        update_time=timestamp(account.update_time),
    )


def address_message(address: Address) -> pb.Address:
    return pb.Address(
        address_id=address.address_id,
        recipient=address.recipient,
        line1=address.line1,
        line2=address.line2,
        city=address.city,
        region=address.region,
        postal_code=address.postal_code,
        country_code=address.country_code,
    )


def new_address(message: pb.Address) -> NewAddress:
    return NewAddress(
        recipient=message.recipient,
        line1=message.line1,
        line2=message.line2,
        city=message.city,
        region=message.region,
        postal_code=message.postal_code,
        country_code=message.country_code,
    )


def export_message(export: Export) -> pb.ExportUserResponse:
    return pb.ExportUserResponse(
        user=user_message(export.account),
        addresses=[address_message(address) for address in export.addresses],
        activities=_activities(export.activities),
    )


def _activities(activities: Sequence[Activity]) -> list[Struct]:
    return [_activity(activity) for activity in activities]


def _activity(activity: Activity) -> Struct:
    struct = Struct()
    struct.update({"kind": activity.kind, "time": activity.occur_time.isoformat()})
    return struct
