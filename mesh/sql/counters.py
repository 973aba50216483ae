"""What databases cost this process, counted for its metrics."""

from prometheus_client import Counter

THREAD_HOPS = Counter("shopmesh_database_hops", "Ways of SQLite statements to another thread and back.")
WRITE_TRANSACTIONS = Counter("shopmesh_write_transactions", "Transactions that write, committed.")
FLUSHES = Counter("shopmesh_flushes", "Commits that were on disk before they returned.")
