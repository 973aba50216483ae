"""The use cases of mails, and the ports that they need."""
