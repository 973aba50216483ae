"""What operators do with the whole of the store, the index and the topic."""
