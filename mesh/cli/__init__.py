"""The command `shopmesh`."""
