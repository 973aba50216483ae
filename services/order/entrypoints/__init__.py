"""The ways into the order service: gRPC calls, events, and its own background work."""
