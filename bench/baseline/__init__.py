"""How stock was read before, one statement per SKU and relation: kept, so that the difference can be measured.

Schema, driver, pool, server and interceptors are the shipped ones; only batching and cache are missing.
"""
