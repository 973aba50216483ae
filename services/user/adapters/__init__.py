"""SQL, Argon2, Authlib and gRPC behind the ports of the application."""
