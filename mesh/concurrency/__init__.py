"""Concurrency on asyncio: task groups, group commit, notifiers of changes, cancellation."""
