"""One neighbour: Asterisk."""
