"""The real time."""
