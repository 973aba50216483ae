"""The rate-limit page of the documentation."""

from collections.abc import Iterable, Iterator, Mapping

from mesh.contract import Contract, LimitClass, LimitPer
from mesh.render.envoy.local_rate_limits import EDGE_CLASS, enabled_limits, retry_after_seconds

_PER = {
    LimitPer.ADDRESS: "client address",
    LimitPer.CALLER: "caller (account or client of the token, else address)",
    LimitPer.ACCOUNT: "account",
    LimitPer.CLIENT: "OAuth client",
}

_INTRODUCTION = """\
# Rate limits

Rendered from the contract by `make render`; do not edit.

Every call counts against the class that its method declares in the contract, in a token bucket: `burst`
calls are admitted at once, and the bucket refills at the given rate. What is over it is refused with `429`
(`RESOURCE_EXHAUSTED`), the reason `RATE_LIMITED`, a `RetryInfo` and, from the front proxy, a `Retry-After`
header with the seconds after which an empty bucket admits the next call.

Of some classes a worker answers only so many calls at the same time, those of all callers. More would only
wait: they are refused at once in the same way, with the reason `OVERLOADED`.

The class `{edge}` counts every request at the front proxy before anything else is looked at. Classes per
client address are enforced at the front proxy and again in the service; all others in the service, which
knows the caller. A class that is not promised for the whole mesh is divided among the workers of a service
when they have no shared counter (no `SHOPMESH_REDIS_URL`).

A client's address is that of its connection to the front proxy. `SHOPMESH_TRUSTED_PROXIES` names proxies in
between: then it is the one that they report in `X-Forwarded-For`. What a client itself writes there never
counts.

The numbers are defaults. A YAML file named by `SHOPMESH_LIMITS_FILE` is merged over them, class by class, for
the front proxy and the services alike; an unknown class or key is refused at start, and
`shopmesh config render --limits` prints what is in force:

```yaml
classes:
  browse: {{per: caller, rate_per_minute: 24000, burst: 2000}}
```
"""


def limits_page(contract: Contract, limits: Mapping[str, LimitClass]) -> str:
    """The page as Markdown: the classes, then what counts against which."""
    sections = (
        _INTRODUCTION.format(edge=EDGE_CLASS),
        "## Classes\n\n" + _table(_CLASS_COLUMNS, (_class_row(limit) for limit in limits.values())),
        "## Methods\n\n" + _table(_METHOD_COLUMNS, _method_rows(contract, limits)),
        "## HTTP endpoints\n\nCounted per client address at the front proxy.\n\n"
        + _table(_ENDPOINT_COLUMNS, _endpoint_rows(contract)),
    )
    return "\n".join(sections)


_CLASS_COLUMNS = (
    "Class",
    "Counted per",
    "Per minute",
    "Burst",
    "At the same time",
    "Next call after",
    "Promised for the mesh",
    "For",
)
_METHOD_COLUMNS = ("Method", "REST", "Class", "Front proxy")
_ENDPOINT_COLUMNS = ("Endpoint", "Class", "For")


def _class_row(limit: LimitClass) -> tuple[str, ...]:
    return (
        f"`{limit.name}`",
        _PER[limit.per],
        f"{limit.rate_per_minute:,}",
        f"{limit.burst:,}",
        f"{limit.max_concurrent_calls:,}" if limit.max_concurrent_calls else "any number",
        f"{retry_after_seconds(limit)} s",
        "yes" if limit.undivided else "no",
        limit.purpose,
    )


def _method_rows(contract: Contract, limits: Mapping[str, LimitClass]) -> Iterator[tuple[str, ...]]:
    for method in contract.methods:
        binding = method.binding
        yield (
            f"`{method.full_name[1:]}`",
            f"`{binding.verb} {binding.template}`" if binding else "",
            f"`{method.policy.limit_class}`",
            "yes" if enabled_limits(method, limits) else "",
        )


def _endpoint_rows(contract: Contract) -> Iterator[tuple[str, ...]]:
    for endpoint in contract.http_endpoints:
        yield f"`{', '.join(endpoint.verbs)} {endpoint.path}`", f"`{endpoint.limit_class}`", endpoint.purpose


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (columns, tuple("---" for _ in columns), *rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
