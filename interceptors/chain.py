"""The sequence of the interceptors, outermost first."""

from collections.abc import Callable, Mapping
from datetime import datetime

from grpc_interceptor.server import AsyncServerInterceptor

from interceptors.access_log import AccessLogInterceptor, CallRecords
from interceptors.auth.interceptor import AuthInterceptor
from interceptors.auth.tokens import TokenVerifier
from interceptors.consistency import ConsistencyInterceptor
from interceptors.cost_trailers import CostTrailersInterceptor
from interceptors.deadline.interceptor import DeadlineInterceptor
from interceptors.errors import ErrorInterceptor, StatusByError
from interceptors.rate_limit.concurrency import ConcurrencyInterceptor
from interceptors.rate_limit.gcra import Limiter
from interceptors.rate_limit.interceptor import RateLimitInterceptor
from interceptors.tracing import Traces, TracingInterceptor
from interceptors.validation.interceptor import ValidationInterceptor
from mesh.contract import LimitClass


def standard_chain(
    *,
    traces: Traces,
    records: CallRecords,
    status_by_error: StatusByError,
    verifier: TokenVerifier,
    edge_secret: str,
    limits: Mapping[str, LimitClass],
    limiter: Limiter,
    clock: Callable[[], datetime],
    fast_paths: bool = True,
) -> tuple[AsyncServerInterceptor, ...]:
    """The chain of every service: spans and logs see refusals too, only errors aborts."""
    return (
        TracingInterceptor(traces=traces),
        AccessLogInterceptor(records=records),
        ErrorInterceptor(status_by_error=status_by_error),
        DeadlineInterceptor(fast_path=fast_paths),
        AuthInterceptor(verifier=verifier, edge_secret=edge_secret, clock=clock),
        ConcurrencyInterceptor(limits=limits),
        RateLimitInterceptor(limits=limits, limiter=limiter),
        ValidationInterceptor(fast_path=fast_paths),
        ConsistencyInterceptor(),
        CostTrailersInterceptor(),
    )
