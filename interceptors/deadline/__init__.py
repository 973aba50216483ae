"""Calls end in time."""
