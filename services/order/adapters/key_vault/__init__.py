"""The keys of customers' personal data."""
