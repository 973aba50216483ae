"""MongoDB as the mesh needs it."""
