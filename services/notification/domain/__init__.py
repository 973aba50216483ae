"""The rules of mails."""
