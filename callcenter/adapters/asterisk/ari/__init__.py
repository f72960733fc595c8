"""The ARI client: typed requests, the events socket, and two roads for commands."""
