"""From which address a call comes."""

from urllib.parse import unquote

from interceptors.core.call import Call, Context

CLIENT_ADDRESS_KEY = "x-shopmesh-client-address"


def client_address(call: Call, context: Context | None) -> str:
    """The client's IP address, which is believed only from the front proxy; else the peer's."""
    if call.from_edge:
        return call.text(CLIENT_ADDRESS_KEY)
    assert context is not None
    # grpc writes ipv4:127.0.0.1:50051 and ipv6:%5B::1%5D:50051.
    _, _, peer = unquote(str(context.peer())).partition(":")
    return peer.rpartition(":")[0].strip("[]")
