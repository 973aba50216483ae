"""The browser's session: Envoy keeps the tokens, the page never sees one.

The `oauth2` filter logs in as the client `checkout` (authorization code with
PKCE), stores the tokens in encrypted HttpOnly cookies and turns them into a
bearer token on the way to the service. It reads two secrets from files below
`FrontDoor.secrets`, written by the launcher with `secret_file`:
`token.yaml` (the client's secret) and `hmac.yaml` (any random value).
"""

from collections.abc import Iterator

from mesh.render.envoy.direct_responses import wrong_verb
from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.jwt import no_token
from mesh.render.envoy.xds import Config, by_verb, dump, duration, header, http_filter, on, typed

OAUTH2 = "envoy.filters.http.oauth2"
CSRF = "envoy.filters.http.csrf"
SESSION_END = "shopmesh.session_end"
CLIENT = "checkout"
TOKEN_SECRET, HMAC_SECRET = "token", "hmac"
SECRETS = (TOKEN_SECRET, HMAC_SECRET)

LOGIN, CALLBACK, LOGOUT = "/session/login", "/session/callback", "/session/logout"
SCOPES = ("openid", "profile", "orders")
"""What the page may do: a stolen session of an administrator is a customer's."""

CSRF_HEADER = "x-requested-with"
"""A header that a foreign page cannot send without a preflight that is refused."""

_COOKIE_PREFIX = "__Host-session-"
_FLOW_PREFIX = "__Host-login-"
_COOKIES = {
    "bearer_token": f"{_COOKIE_PREFIX}token",
    "oauth_hmac": f"{_COOKIE_PREFIX}hmac",
    "oauth_expires": f"{_COOKIE_PREFIX}expires",
    "id_token": f"{_COOKIE_PREFIX}id",
    "refresh_token": f"{_COOKIE_PREFIX}refresh",
}
_FLOW_COOKIES = {"oauth_nonce": f"{_FLOW_PREFIX}nonce", "code_verifier": f"{_FLOW_PREFIX}verifier"}
_REVOKED = "response.headers[':status'] == '401' && response.code_details == 'via_upstream'"
"""The service's own answer: the filter's, while the provider is away, ends no session."""
_DELETED = "=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"


def secret_file(name: str, value: str) -> str:
    """The text of `secrets/envoy/<name>.yaml`: a secret as Envoy's SDS reads it."""
    secret = typed(
        "envoy.extensions.transport_sockets.tls.v3.Secret",
        {"name": name, "generic_secret": {"secret": {"inline_string": value}}},
    )
    return dump({"resources": [secret]})


def oauth2_filter(door: FrontDoor) -> Config:
    """Enabled on the session's own paths and where a session cookie came instead of a token."""
    return http_filter(
        OAUTH2,
        "envoy.extensions.filters.http.oauth2.v3.OAuth2",
        {
            "config": {
                "token_endpoint": {
                    "cluster": "user_http",
                    "uri": f"{door.origin}/oauth2/token",
                    "timeout": duration(10),
                },
                "authorization_endpoint": f"{door.origin}/oauth2/authorize",
                # Logging out ends the provider's login too, else the next login would need no password.
                "end_session_endpoint": f"{door.origin}/oauth2/logout",
                "redirect_uri": f"{door.origin}{CALLBACK}",
                "redirect_path_matcher": {"path": {"exact": CALLBACK}},
                "signout_path": {"path": {"exact": LOGOUT}},
                "credentials": {
                    "client_id": CLIENT,
                    "token_secret": _secret(door, TOKEN_SECRET),
                    "hmac_secret": _secret(door, HMAC_SECRET),
                    "cookie_names": {**_COOKIES, **_FLOW_COOKIES},
                },
                "auth_scopes": list(SCOPES),
                "auth_type": "BASIC_AUTH",
                "forward_bearer_token": True,
                "use_refresh_token": True,
                "default_expires_in": duration(300),
                "pass_through_matcher": [{"name": "authorization", "present_match": True}],
                "deny_redirect_matcher": [{"name": ":path", "string_match": {"prefix": "/v1/"}}],
                "cookie_configs": {
                    f"{cookie}_cookie_config": {"same_site": "LAX"} for cookie in (*_COOKIES, *_FLOW_COOKIES)
                },
            }
        },
        disabled=True,
    )


def csrf_filter() -> Config:
    """Refuses a write whose Origin is not the host it was sent to."""
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}, "runtime_key": "csrf.enabled"}
    return http_filter(
        CSRF, "envoy.extensions.filters.http.csrf.v3.CsrfPolicy", {"filter_enabled": always}, disabled=True
    )


def by_session() -> list[Config]:
    """Matches requests that bring a session cookie and no token of their own."""
    return [
        {"name": "authorization", "present_match": False},
        {"name": "cookie", "string_match": {"contains": _COOKIE_PREFIX}},
    ]


def session_to_token() -> dict[str, Config]:
    """Turns the cookie into a bearer token on a route."""
    return {OAUTH2: on()}


def session_end_filter() -> Config:
    """Deletes the session's cookies when a service refuses the token in them: it was revoked."""
    deleted = [
        {
            "append": header(
                "set-cookie", f"%CEL({_REVOKED} ? '{name}{_DELETED}' : '')%", "APPEND_IF_EXISTS_OR_ADD"
            )
        }
        for name in _COOKIES.values()
    ]
    return http_filter(
        SESSION_END,
        "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        {"mutations": {"response_mutations": deleted}},
        disabled=True,
    )


def session_routes(door: FrontDoor) -> Iterator[Config]:
    """The paths of the session; what the filter lets through goes back to the page."""
    home: Config = {"redirect": {"path_redirect": "/", "response_code": "SEE_OTHER"}}
    run = {**no_token(), **session_to_token()}
    elsewhere = {
        "name": ":authority",
        "string_match": {"exact": f"localhost:{door.port}"},
        "invert_match": True,
    }
    # A cookie belongs to one host name: the flow has to start where it will end.
    yield {
        "name": LOGIN,
        "match": {"path": LOGIN, "headers": [by_verb(("GET",)), elsewhere]},
        "redirect": {"host_redirect": "localhost", "port_redirect": door.port, "response_code": "SEE_OTHER"},
        "typed_per_filter_config": no_token(),
    }
    for path, verbs in ((LOGIN, ("GET",)), (CALLBACK, ("GET",)), (LOGOUT, ("GET", "POST"))):
        match = {"path": path, "headers": [by_verb(verbs)]}
        yield {"name": path, "match": match, **home, "typed_per_filter_config": run}
        yield wrong_verb(path, {"path": path}, verbs)


def _secret(door: FrontDoor, name: str) -> Config:
    path = {"path": str(door.secrets / f"{name}.yaml")}
    return {"name": name, "sds_config": {"path_config_source": path, "resource_api_version": "V3"}}
