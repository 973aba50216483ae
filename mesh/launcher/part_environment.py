"""The environment that a part is started with."""

from collections.abc import Mapping


class PartEnvironment:
    """The environment that a part runs with for good, and another one that is on trial."""

    def __init__(self, kept: Mapping[str, str]) -> None:
        self._kept = kept
        self._on_trial: Mapping[str, str] | None = None

    @property
    def variables(self) -> Mapping[str, str]:
        """What the next process gets."""
        return self._kept if self._on_trial is None else self._on_trial

    @property
    def is_on_trial(self) -> bool:
        return self._on_trial is not None

    def attempt(self, variables: Mapping[str, str]) -> None:
        """Give the next processes another environment, until it is kept or reverted."""
        self._on_trial = variables

    def keep(self) -> None:
        """End the trial; from now on there is no way back."""
        self._kept, self._on_trial = self.variables, None

    def revert(self) -> bool:
        """Return to the former environment; return whether another one was on trial."""
        was_on_trial, self._on_trial = self.is_on_trial, None
        return was_on_trial
