"""gRPC and HTTP in front of the application."""
