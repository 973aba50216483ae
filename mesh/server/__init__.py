"""How a service runs as a process: it starts, says whether it is healthy, serves, drains, ends."""
