"""One call from arrival to end: the only room that may look into several features of the core."""
