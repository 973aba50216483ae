"""Logging in as a browser does: tokens for commands."""
