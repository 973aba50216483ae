"""Accounts, addresses, and the OAuth 2.0 / OpenID Connect provider."""
