"""The technologies behind the order service's ports."""
