"""Log lines: a constant message, its values behind it; JSON for machines, text for a terminal.

Values whose key ends in `.pii` are personal. They are left out unless the operator has asked for them,
so that a log can be handed on without a second thought.
"""

import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import orjson

PERSONAL: Final = ".pii"
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def values_of(record: logging.LogRecord, *, personal: bool) -> dict[str, Any]:
    """What was given in `extra`."""
    return {
        key: value
        for key, value in vars(record).items()
        if key not in _OWN and (personal or not key.endswith(PERSONAL))
    }


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, *, personal: bool) -> None:
        super().__init__()
        self._personal = personal

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "where": record.name,
            "what": record.getMessage(),
            **values_of(record, personal=self._personal),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


class TextLines(logging.Formatter):
    """One readable line, values as key=value."""

    def __init__(self, *, personal: bool) -> None:
        super().__init__()
        self._personal = personal

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, and the trace below it."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        values = _text(values_of(record, personal=self._personal))
        line = f"{at} {record.levelname:<7} {record.name} {record.getMessage()}{values}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _text(values: Mapping[str, Any]) -> str:
    return "".join(f" {key}={value}" for key, value in values.items())


def set_up(level: str, *, stream: TextIO = sys.stderr, personal: bool = False) -> None:
    """Send this process's log to `stream`: text if it is a terminal, JSON otherwise."""
    lines = TextLines if stream.isatty() else JsonLines
    handler = logging.StreamHandler(stream)
    handler.setFormatter(lines(personal=personal))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Chatty at their own INFO.
    for name in ("alembic", "aiosqlite", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
