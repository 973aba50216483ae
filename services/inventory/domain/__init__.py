"""The rules of products, stock and reservations."""
