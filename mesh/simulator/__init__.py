"""A simulated warehouse system for the stock feed, with as many faults as wanted."""
