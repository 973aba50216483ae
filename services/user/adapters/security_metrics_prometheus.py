"""What Prometheus and the log learn of guessing."""

from prometheus_client import Counter
from structlog import get_logger

from services.user.domain.guessing import SPRAY_COUNTERS, GuessCounter

REFUSED = Counter(
    "shopmesh_login_attempts_refused_total",
    "Attempts to log in that were refused unseen, by the counter of wrong passwords that was full.",
    ("counter",),
)
WRONG = Counter("shopmesh_wrong_passwords_total", "Attempts to log in with a wrong password.")

_log = get_logger()


class PrometheusSecurityMetrics:
    """Counts, and logs what looks like a spray: many accounts, few passwords."""

    def __init__(self) -> None:
        for counter in GuessCounter:
            REFUSED.labels(counter.value)

    def wrong_password(self) -> None:
        WRONG.inc()

    def refused(self, counter: GuessCounter, network: str) -> None:
        REFUSED.labels(counter.value).inc()
        if counter in SPRAY_COUNTERS:
            _log.warning("password_spray", counter=counter.value, network=network)
