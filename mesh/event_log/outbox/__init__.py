"""The sending end: events are written in the transaction of the change, and published after its commit."""
