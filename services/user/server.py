"""The user service: chooses adapters and puts the parts together."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from mesh.event_log.open import open_event_log
from mesh.event_log.outbox.outbox import OutboxRelay
from mesh.server.context import ServiceContext
from mesh.server.endpoint_limits import EndpointLimits
from mesh.server.form_calls import FormCalls
from mesh.server.http_client_address import client_address_of
from mesh.server.process import Service, Servicer, run
from mesh.sql import is_reachable
from mesh.sql.databases import opened
from mesh.sql.row_changes import growth_of
from services.kernel.ids import uuid7
from services.user.adapters.authorization_server_authlib import AuthlibAuthorizationServer
from services.user.adapters.clients_file import FileClientRegistry
from services.user.adapters.customer_orders_grpc import GrpcCustomerOrders
from services.user.adapters.keys_file import KeyFiles
from services.user.adapters.mail_addresses_email_validator import EmailValidatorMailAddresses
from services.user.adapters.oauth_protocol_authlib import Provider
from services.user.adapters.password_hasher_argon2 import Argon2PasswordHasher
from services.user.adapters.schema_sql import SCHEMA
from services.user.adapters.security_metrics_prometheus import PrometheusSecurityMetrics
from services.user.adapters.tokens_joserfc import JwtTokens
from services.user.adapters.tokens_sql import LAST_REVOCATION
from services.user.adapters.unit_of_work_sql import SqlUnitOfWork
from services.user.config import Settings
from services.user.domain.guessing import GuessingRules
from services.user.entrypoints.account_http import AccountPages
from services.user.entrypoints.forms import FormGuard
from services.user.entrypoints.internal_servicers import ContactServicer, TokenServicer
from services.user.entrypoints.login_http import LoginPages
from services.user.entrypoints.oauth_http import Documents, SitePages, user_app
from services.user.entrypoints.pages import account_pages
from services.user.entrypoints.site import Site
from services.user.entrypoints.status_by_error import STATUS_BY_ERROR
from services.user.entrypoints.user_servicer import UserCases, UserServicer
from services.user.entrypoints.visitor_http import VisitorPages
from services.user.wiring import Adapters, UseCases, wire
from shopmesh.user.v1 import contact_service_pb2_grpc, token_service_pb2_grpc, user_service_pb2_grpc

_LOGIN_CLASS = "login"
_USER_SERVICE = "shopmesh.user.v1.UserService"


@asynccontextmanager
async def compose(context: ServiceContext) -> AsyncIterator[Service]:
    """The service of one process."""
    settings, keys = Settings.of(context.settings), KeyFiles.of(context.settings)
    keys.ensure()
    scopes, login = frozenset(context.contract.scopes), context.limits[_LOGIN_CLASS]
    async with (
        open_database(settings.database_url) as engine,
        open_event_log(context.settings) as log,
        open_adapters(context, engine, keys) as adapters,
    ):
        use_cases = wire(
            adapters,
            site=settings.site,
            scopes=scopes,
            guessing=GuessingRules.of(of_one_account=login.burst, from_one_network=login.rate_per_minute),
            clock=context.clock,
        )
        users = _user_servicer(use_cases)
        site = Site(
            calls=FormCalls.of(context, users, service=_USER_SERVICE),
            accounts=use_cases.accounts,
            sessions=use_cases.sessions,
            guard=FormGuard(server_key=adapters.keyring.server_key, issuer=settings.issuer),
            pages=account_pages(),
            client_address=client_address_of(context.settings.edge_secret),
        )
        yield Service(
            servicers=_servicers(context, use_cases, users),
            errors=STATUS_BY_ERROR,
            hard={"user.sql": partial(is_reachable, engine)},
            soft={"user.event_log": log.is_reachable},
            tasks=(adapters.revoked.run, OutboxRelay(engine, log).run, use_cases.housekeeping.run),
            http=_http(adapters, use_cases, site=site, issuer=settings.issuer, context=context),
        )


@asynccontextmanager
async def open_adapters(
    context: ServiceContext, engine: AsyncEngine, keys: KeyFiles
) -> AsyncIterator[Adapters]:
    """Choose the adapters."""
    unit_of_work, keyring = SqlUnitOfWork(engine, clock=context.clock, new_id=uuid7), keys.read()
    provider = Provider(
        clients=FileClientRegistry.of(context.settings),
        tokens=JwtTokens(keyring=keyring, issuer=context.settings.issuer, clock=context.clock),
        server_key=keyring.server_key,
        scopes=frozenset(context.contract.scopes),
        new_id=uuid7,
    )
    with Argon2PasswordHasher.opened() as hasher:
        yield Adapters(
            unit_of_work=unit_of_work,
            hasher=hasher,
            addresses=EmailValidatorMailAddresses(),
            metrics=PrometheusSecurityMetrics(),
            revoked=growth_of(engine, LAST_REVOCATION),
            keyring=keyring,
            authorization_server=AuthlibAuthorizationServer(
                provider=provider, unit_of_work=unit_of_work, clock=context.clock
            ),
            orders=GrpcCustomerOrders(context.channels.to("order")),
        )


def open_database(url: str) -> AbstractAsyncContextManager[AsyncEngine]:
    """Open the database, with every table in it.

    Whether a token lives, and in which order revocations are read, is decided by one writer at a time.
    """
    return opened(url, SCHEMA, serialize_writes=True)


def _user_servicer(use_cases: UseCases) -> UserServicer:
    return UserServicer(
        UserCases(
            accounts=use_cases.accounts,
            addresses=use_cases.addresses,
            passwords=use_cases.passwords,
            registrations=use_cases.registrations,
            email_changes=use_cases.email_changes,
            sessions=use_cases.sessions,
            administration=use_cases.administration,
        )
    )


def _servicers(context: ServiceContext, use_cases: UseCases, users: UserServicer) -> tuple[Servicer, ...]:
    contacts = ContactServicer(contacts=use_cases.contacts, accounts=use_cases.accounts)
    tokens = TokenServicer(use_cases.revocations, draining=context.draining, clock=context.clock)
    return (
        Servicer(user_service_pb2_grpc.add_UserServiceServicer_to_server, users),
        Servicer(contact_service_pb2_grpc.add_ContactServiceServicer_to_server, contacts),
        Servicer(token_service_pb2_grpc.add_TokenServiceServicer_to_server, tokens),
    )


def _http(
    adapters: Adapters,
    use_cases: UseCases,
    *,
    site: Site,
    issuer: str,
    context: ServiceContext,
) -> Starlette:
    """The provider's HTTP endpoints and pages."""
    server = adapters.authorization_server
    login = LoginPages(
        site=site, server=server, logins=use_cases.logins, sessions=use_cases.sessions, clock=context.clock
    )
    pages = SitePages(
        site=site,
        login=login,
        visitor=VisitorPages(site=site, device_links=use_cases.device_links),
        account=AccountPages(site=site),
    )
    documents = Documents(issuer, adapters.keyring.public, frozenset(context.contract.scopes))
    return user_app(
        server=server,
        client_failures=use_cases.client_failures,
        pages=pages,
        documents=documents,
        limits=EndpointLimits(context),
    )


if __name__ == "__main__":
    run("user", compose)
