"""What can be done with accounts, logins and tokens, and the ports that it takes."""
