"""Real servers on loopback: for `shopmesh up --profile real` and for the tests."""
