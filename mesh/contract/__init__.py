"""The contract as Python values: the only reader of the descriptor set.

Everything else about a call (routes, limits, deadlines, documentation, the
interceptors' policy table) is derived from what `load_contract` returns.
"""

from mesh.contract.model import (
    Access,
    Binding,
    Contract,
    ContractError,
    HttpEndpoint,
    Idempotency,
    LimitClass,
    LimitPer,
    Method,
    Owner,
    Policy,
)
from mesh.contract.reader import load_contract

__all__ = [
    "Access",
    "Binding",
    "Contract",
    "ContractError",
    "HttpEndpoint",
    "Idempotency",
    "LimitClass",
    "LimitPer",
    "Method",
    "Owner",
    "Policy",
    "load_contract",
]
