"""What inventory can be asked to do."""
