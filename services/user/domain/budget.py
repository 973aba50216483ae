"""How often something may be tried: a token bucket as one number (GCRA)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """A bucket of `burst` attempts that refills at `rate_per_minute`.

    Its whole state is the *arrival*: when the bucket will be full again, in
    seconds since the epoch.
    """

    rate_per_minute: int
    burst: int

    @property
    def interval_seconds(self) -> float:
        """The time in which one attempt comes back."""
        return 60 / self.rate_per_minute

    def spend(self, arrival: float, *, now: float) -> float:
        """The arrival after one more attempt."""
        return max(arrival, now) + self.interval_seconds

    def wait_seconds(self, arrival: float, *, now: float) -> float:
        """How long until an attempt is admitted; 0 means now."""
        return max(0.0, self.spend(arrival, now=now) - now - self.burst * self.interval_seconds)
