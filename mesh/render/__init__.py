"""Artefacts that are rendered from the contract: contract → value, without side effects."""
