"""How stock was read before, one statement per SKU and relation: kept, to measure the difference.

Schema, driver, pool, server and interceptors are the shipped ones; only batching and cache are missing.
"""
