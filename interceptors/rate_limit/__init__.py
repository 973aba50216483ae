"""How often a caller may call."""
