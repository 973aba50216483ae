"""How the world reaches inventory: gRPC, events, the clock."""
