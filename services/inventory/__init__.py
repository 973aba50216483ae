"""Inventory: the catalogue, stock per warehouse, and what orders have a claim on."""
