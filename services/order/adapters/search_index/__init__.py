"""What orders are found by."""
