"""The commands of `shopmesh`, a module for each group."""
