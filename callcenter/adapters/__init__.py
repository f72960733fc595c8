"""One folder per neighbour: its language and its failures. Neighbours do not know each other."""
