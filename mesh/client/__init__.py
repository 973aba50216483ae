"""How one service, or a tool, calls another."""
