"""What the launcher needs of its machine: files, ports, processes."""
