"""A warehouse system to try the stock feed with: it behaves well, or as badly as it is told to."""
