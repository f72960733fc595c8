"""Flows and calendars in files."""
