"""Where the events of orders are kept, and how they get into the event log."""
