"""Years of orders for a mesh that is down, written through its adapters and in bulk.

`python -m bench.past_orders 1000000 --of CUSTOMER --theirs 100000` fills the stores of `SHOPMESH_HOME`:
events with their hashes and signed heads, the event log, the index, reservations with their movements,
deliveries, and the inboxes. Orders were confirmed and shipped, or cancelled; the last ones wait.
"""
