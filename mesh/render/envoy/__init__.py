"""The contract as Envoy's configuration."""
