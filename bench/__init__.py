"""Measures the mesh against its own floors: `python -m bench`. No test depends on what comes out."""
