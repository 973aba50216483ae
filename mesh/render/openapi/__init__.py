"""The contract as OpenAPI."""
