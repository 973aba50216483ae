"""What comes in: events, the sending loop, calls."""
