"""Desk work: what has a transaction or a job."""
