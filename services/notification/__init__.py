"""Mails to customers: what is due, what was sent, what they want."""
