"""Who hears how far long work has come."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many orders are done, and about how many there are (0: nobody knows)."""
