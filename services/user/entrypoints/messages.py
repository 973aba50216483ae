"""Accounts and addresses as messages of the contract."""

from google.protobuf.struct_pb2 import Struct

from mesh.messages import timestamp
from services.user.application.accounts import Export
from services.user.application.addresses import NewAddress
from services.user.domain.account import Account, Address
from services.user.domain.security_event import SecurityEvent
from services.user.domain.session import OpenSession
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
        disabled=account.disabled,
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


def session_message(session: OpenSession, *, current: str) -> pb.LoginSession:
    return pb.LoginSession(
        session_id=session.sid,
        device=session.device,
        create_time=timestamp(session.create_time),
        use_time=timestamp(session.use_time),
        current=session.sid == current,
    )


def security_event_message(event: SecurityEvent) -> pb.SecurityEvent:
    return pb.SecurityEvent(
        kind=event.kind.value,
        occur_time=timestamp(event.occur_time),
        actor=event.origin.actor,
        address=event.origin.address,
        device=event.origin.device,
        detail=event.detail,
    )


def export_message(export: Export) -> pb.ExportUserResponse:
    return pb.ExportUserResponse(
        user=user_message(export.account),
        addresses=[address_message(address) for address in export.addresses],
        activities=[_activity(event) for event in export.events],
    )


def _activity(event: SecurityEvent) -> Struct:
    struct = Struct()
    struct.update(
        {
            "kind": event.kind.value,
            "time": event.occur_time.isoformat(),
            "actor": event.origin.actor,
            "address": event.origin.address,
            "device": event.origin.device,
            "detail": event.detail,
        }
    )
    return struct
