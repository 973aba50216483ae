"""What lies between the services; it knows no service."""
