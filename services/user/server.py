"""The composition root of the user service."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from mesh.event_log.open import open_event_log
from mesh.event_log.outbox.outbox import OutboxRelay
from mesh.server.context import ServiceContext
from mesh.server.health import Probe
from mesh.server.process import Service, Servicer, run
from mesh.sql import is_reachable
from mesh.sql.databases import opened
from services.kernel.ids import uuid7
from services.user.adapters.authorization_server_authlib import AuthlibAuthorizationServer
from services.user.adapters.clients_file import FileClientRegistry
from services.user.adapters.customer_orders_grpc import GrpcCustomerOrders
from services.user.adapters.keys_file import KeyFiles, Keyring
from services.user.adapters.oauth_protocol_authlib import Provider
from services.user.adapters.password_hasher_argon2 import Argon2PasswordHasher
from services.user.adapters.schema_sql import SCHEMA
from services.user.adapters.tokens_joserfc import JwtTokens
from services.user.adapters.unit_of_work_sql import SqlUnitOfWork
from services.user.application.accounts import Accounts
from services.user.application.addresses import Addresses
from services.user.application.budgets import LoginBudget, MailBudget
from services.user.application.contacts import Contacts
from services.user.application.housekeeping import Housekeeping
from services.user.application.logins import Logins
from services.user.application.passwords import Passwords
from services.user.application.ports import CustomerOrders
from services.user.application.registrations import Registrations
from services.user.application.revocations import Revocations
from services.user.config import Settings
from services.user.entrypoints.account_http import AccountPages
from services.user.entrypoints.forms import FormGuard
from services.user.entrypoints.internal_servicers import ContactServicer, TokenServicer
from services.user.entrypoints.login_http import LoginPages
from services.user.entrypoints.oauth_http import Documents, oauth_app
from services.user.entrypoints.pages import Pages
from services.user.entrypoints.status_by_error import STATUS_BY_ERROR
from services.user.entrypoints.user_servicer import UseCases, UserServicer
from shopmesh.user.v1 import contact_service_pb2_grpc, token_service_pb2_grpc, user_service_pb2_grpc


@dataclass(frozen=True, slots=True)
class Parts:
    """The adapters that were chosen."""

    settings: Settings
    node: ServiceContext
    unit_of_work: SqlUnitOfWork
    hasher: Argon2PasswordHasher
    keyring: Keyring
    clients: FileClientRegistry
    orders: CustomerOrders

    def use_cases(self) -> UseCases:
        """The use cases of the servicer."""
        unit_of_work, clock = self.unit_of_work, self.node.clock
        mail_budget = MailBudget(server_key=self.keyring.server_key, clock=clock)
        return UseCases(
            accounts=Accounts(
                unit_of_work=unit_of_work,
                orders=self.orders,
                grantable_scopes=self.settings.grantable_scopes,
                clock=clock,
            ),
            addresses=Addresses(unit_of_work=unit_of_work, clock=clock, new_id=uuid7),
            passwords=Passwords(
                unit_of_work=unit_of_work,
                hasher=self.hasher,
                mail_budget=mail_budget,
                clock=clock,
                new_id=uuid7,
            ),
            registrations=Registrations(
                unit_of_work=unit_of_work,
                hasher=self.hasher,
                mail_budget=mail_budget,
                clock=clock,
                new_id=uuid7,
            ),
        )

    def http(self, use_cases: UseCases) -> Starlette:
        """The provider's HTTP endpoints."""
        issuer, clock, pages = self.settings.issuer, self.node.clock, Pages()
        budget = LoginBudget(
            budget=self.settings.login_budget, server_key=self.keyring.server_key, clock=clock
        )
        server = AuthlibAuthorizationServer(
            provider=self._provider(), unit_of_work=self.unit_of_work, clock=clock
        )
        login = LoginPages(
            server=server,
            logins=Logins(unit_of_work=self.unit_of_work, hasher=self.hasher, budget=budget, clock=clock),
            pages=pages,
            guard=FormGuard(server_key=self.keyring.server_key),
            issuer=issuer,
            clock=clock,
        )
        account = AccountPages(use_cases.registrations, use_cases.passwords, pages, issuer)
        documents = Documents(issuer, self.keyring.public, self.settings.scopes)
        return oauth_app(server=server, login=login, account=account, documents=documents)

    def _provider(self) -> Provider:
        return Provider(
            clients=self.clients,
            tokens=JwtTokens(keyring=self.keyring, issuer=self.settings.issuer, clock=self.node.clock),
            server_key=self.keyring.server_key,
            scopes=self.settings.scopes,
            new_id=uuid7,
        )


@asynccontextmanager
async def compose(node: ServiceContext) -> AsyncIterator[Service]:
    """Choose the adapters and put the service together."""
    settings, keys = Settings.of(node), KeyFiles.of(node.settings)
    keys.ensure()
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(open_database(settings.database_url))
        log = await stack.enter_async_context(open_event_log(node.settings))
        parts = Parts(
            settings=settings,
            node=node,
            unit_of_work=SqlUnitOfWork(engine, clock=node.clock, new_id=uuid7),
            hasher=stack.enter_context(Argon2PasswordHasher.opened()),
            keyring=keys.read(),
            clients=FileClientRegistry.of(node.settings),
            orders=GrpcCustomerOrders(node.channels.to("order")),
        )
        yield _service(parts, engine, relay=OutboxRelay(engine, log), event_log=log.is_reachable)


def open_database(url: str) -> AbstractAsyncContextManager[AsyncEngine]:
    """Open the database, with every table in it.

    Whether a token lives, and in which order revocations are read, is decided by one writer at a time.
    """
    return opened(url, SCHEMA, serialize_writes=True)


def _service(parts: Parts, engine: AsyncEngine, *, relay: OutboxRelay, event_log: Probe) -> Service:
    use_cases = parts.use_cases()
    unit_of_work, clock = parts.unit_of_work, parts.node.clock
    contacts = Contacts(unit_of_work=unit_of_work, site=parts.settings.issuer, clock=clock)
    revocations = Revocations(unit_of_work=unit_of_work, clock=clock)
    return Service(
        servicers=(
            Servicer(user_service_pb2_grpc.add_UserServiceServicer_to_server, UserServicer(use_cases)),
            Servicer(
                contact_service_pb2_grpc.add_ContactServiceServicer_to_server,
                ContactServicer(contacts=contacts, accounts=use_cases.accounts),
            ),
            Servicer(token_service_pb2_grpc.add_TokenServiceServicer_to_server, TokenServicer(revocations)),
        ),
        errors=STATUS_BY_ERROR,
        hard={"user.database": partial(is_reachable, engine)},
        soft={"user.event_log": event_log},
        tasks=(relay.run, Housekeeping(unit_of_work=unit_of_work, clock=clock).run),
        http=parts.http(use_cases),
    )


if __name__ == "__main__":
    run("user", compose)
