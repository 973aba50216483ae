"""The embedded event log, in a SQLite file."""
