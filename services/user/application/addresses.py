"""An account's postal addresses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.kernel.clock import Clock
from services.kernel.ids import NewId
from services.user.application.ports import UnitOfWork
from services.user.domain.account import MAX_ADDRESSES, Address
from services.user.domain.errors import AddressNotFound, InvalidAddress, TooManyAddresses


class AddressProblems(Protocol):
    """Says what keeps an address from being one of its country; it asks nobody."""

    def __call__(self, address: Address, /) -> Iterable[tuple[str, str]]:
        """Fields as JSON has them, each with what is wrong and what is allowed."""
        ...


@dataclass(frozen=True, slots=True)
class NewAddress:
    """An address as its owner gives it."""

    recipient: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country_code: str


class Addresses:
    """The use cases of addresses."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        address_problems: AddressProblems,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._address_problems = address_problems
        self._clock = clock
        self._new_id = new_id

    async def add(self, user_id: str, new: NewAddress) -> Address:
        """Add one.

        Raises:
            InvalidAddress: It is not an address of its country.
            TooManyAddresses: The account has 50 already.
        """
        address = Address(
            address_id=self._new_id(),
            user_id=user_id,
            recipient=new.recipient,
            line1=new.line1,
            line2=new.line2,
            city=new.city,
            region=new.region,
            postal_code=new.postal_code,
            country_code=new.country_code,
            create_time=self._clock(),
        )
        if problems := [(f"address.{field}", problem) for field, problem in self._address_problems(address)]:
            raise InvalidAddress(
                "; ".join(f"{field} {problem}" for field, problem in problems), fields=problems
            )
        async with self._unit_of_work.write() as unit:
            await unit.accounts.get(user_id)
            if await unit.addresses.count(user_id) >= MAX_ADDRESSES:
                raise TooManyAddresses(f"an account has at most {MAX_ADDRESSES} addresses; delete one first")
            await unit.addresses.add(address)
        return address

    async def page(self, user_id: str, *, before: str | None, size: int) -> Sequence[Address]:
        async with self._unit_of_work.read() as unit:
            return await unit.addresses.page(user_id, before=before, size=size)

    async def remove(self, user_id: str, address_id: str) -> None:
        """Remove one.

        Raises:
            AddressNotFound: The account has no such address, even if another has it.
        """
        async with self._unit_of_work.write() as unit:
            if not await unit.addresses.remove(user_id, address_id):
                raise AddressNotFound(f"there is no address {address_id}")
