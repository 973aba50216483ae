"""Inventory's ports on SQL and the event log."""
