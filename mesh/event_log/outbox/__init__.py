"""The sending end: events are written with what they tell of, and published after the commit."""
