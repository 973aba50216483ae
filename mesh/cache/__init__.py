"""A read-through cache: in the process, then on a Redis-protocol server, then the database.

A cache answers questions and decides nothing. What may be stale, and for how long: docs/caching.md.
"""
