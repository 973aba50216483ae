"""Requests are held against the contract's rules."""
