"""Starts the parts of a mesh on this machine, keeps them running and stops them."""
