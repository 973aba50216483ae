"""The rules of accounts, logins and tokens."""
