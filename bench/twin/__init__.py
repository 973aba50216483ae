"""The same shop as one process: what the mesh is measured against.

It is what a good engineer writes first, and honest: Starlette and SQLAlchemy, the same database with the same
durability (each commit is on disk when it returns), the token's signature verified with each call, a request
id that is placed once, the order with its lines, the stock and the mail to be written in one transaction, and
a task that writes the mails as files that are on disk as well. It answers no 5xx under load.

What it lacks is what the mesh is for. Nothing of it goes on without the rest: one database, one process, one
team. Orders have no history, so that nobody can show what was changed; no personal data is sealed, so that
erasing an account means finding every copy. Stock has one number per SKU, no warehouses, no reservation that
ends, no ledger that a warehouse system can be compared with. No event leaves it: who wants to know of an
order has to ask. No limits, no trace across calls, no scopes beyond "has a token", no contract that a client
can be generated from, no refusals with reasons. A mail that a provider may have taken is written again, and
nobody counts it.
"""
