"""What other tests and measurements send as a valid request is one."""

import protovalidate
import pytest
from google.protobuf.message_factory import GetMessageClass

from interceptors.validation.judging import violations_of
from interceptors.validation.within import messages_within
from mesh.contract import Method, load_contract
from mesh.places import address_problems
from shopmesh.order.v1.order_service_pb2 import ShippingAddress
from shopmesh.user.v1.user_service_pb2 import Address
from tests.e2e.valid_requests import known_values, valid

IDS = {
    "sku": "MUG-RED",
    "order_id": "0192f000-0000-5000-8000-000000000000",
    "address_id": "0192f000-0000-7000-8000-000000000000",
    "user_id": "0192f000-0000-7000-8000-000000000000",
}
VALIDATOR = protovalidate.Validator()


@pytest.mark.parametrize("method", load_contract().methods, ids=lambda method: method.name)
def test_a_valid_request_breaks_no_rule(method: Method) -> None:
    request = valid(GetMessageClass(method.input), known_values(**IDS))

    assert violations_of(VALIDATOR, request) == ()
    for kind in (ShippingAddress.DESCRIPTOR, Address.DESCRIPTOR):
        for _, address in messages_within(request, kind):
            assert list(address_problems(address)) == []
