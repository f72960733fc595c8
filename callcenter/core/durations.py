"""Durations as plain numbers of seconds, where there may be none."""

from datetime import timedelta


def in_seconds(duration: timedelta | None) -> float | None:
    """Seconds, for files, tables and messages."""
    return None if duration is None else duration.total_seconds()


def of_seconds(seconds: float | None) -> timedelta | None:
    """And back."""
    return None if seconds is None else timedelta(seconds=seconds)
