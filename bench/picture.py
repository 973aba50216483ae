"""Draws what was measured."""


def draw() -> None:
    """Placeholder until results exist."""
