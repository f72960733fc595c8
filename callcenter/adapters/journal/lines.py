"""How a fact is written in a segment file, and how it is read again.

A segment is lines of JSON. The first says whose it is, every other one is a fact:

    {"format": 1, "journal": "9f86d081884c7d65"}
    [17, "call.arrived", {…}, "carried"]      from an earlier segment, still needed by a start
    [41, "call.queue_joined", {…}, "more"]    a burst, which counts only as a whole:
    [42, "call.agent_offered", {…}]           the line without "more" ends it

A line that has lost its newline was being written when the process died, and a burst that has lost
its end was too: nothing was done about either, so both are cut off and forgotten.
"""

from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import orjson

from callcenter.core.facts.wire import Fact, UnreadableFact, from_wire, name_of

FORMAT: Final = 1
MORE: Final = "more"
CARRIED: Final = "carried"
ENDS_WITH_MORE: Final = b',"more"]\n'

Entry = tuple[int, str, dict[str, Any], str | None]


class DamagedJournal(Exception):
    """A segment that cannot be read; says which file and line, and how to mend it."""

    def __init__(self, path: Path, line: int, what: str) -> None:
        super().__init__(
            f"{path}, line {line}: {what}. If a newer version wrote it, start that version again;"
            f" otherwise delete this line, or move {path.parent} away to begin a new journal"
            " (calls that are up are then known from the switch alone)"
        )


def encode_header(journal_id: str) -> bytes:
    """The first line of a segment."""
    return orjson.dumps({"format": FORMAT, "journal": journal_id}) + b"\n"


def decode_header(path: Path, line: bytes) -> str:
    """The id of the journal that this segment belongs to. Raises: DamagedJournal."""
    try:
        header = orjson.loads(line)
        known, journal_id = header["format"], str(header["journal"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise DamagedJournal(path, 1, "this is not the head of a segment") from None
    if known != FORMAT:
        raise DamagedJournal(path, 1, f"format {known!r} is not the one known here ({FORMAT})")
    return journal_id


def encode(number: int, fact: Fact, mark: str | None = None) -> bytes:
    """One line."""
    line = (number, name_of(fact), fact) if mark is None else (number, name_of(fact), fact, mark)
    try:
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Half of a surrogate pair, from a hostile caller's name: no file may hold it.
        return encode(number, _without_surrogates(fact), mark)


def decode(path: Path, number: int, line: bytes) -> Entry:
    """One line as plain data; `number` is the line's own, for the error. Raises: DamagedJournal."""
    try:
        entry = orjson.loads(line)
        if not (type(entry[0]) is int and type(entry[1]) is str and type(entry[2]) is dict):
            raise TypeError
        mark = entry[3] if len(entry) > 3 else None
        return entry[0], entry[1], entry[2], mark
    except (orjson.JSONDecodeError, IndexError, KeyError, TypeError):
        raise DamagedJournal(path, number, "this is not a fact") from None


def read_fact(path: Path, number: int, entry: Entry) -> Fact:
    """The fact of a line. Raises: DamagedJournal, also for a kind that is not known here."""
    try:
        return from_wire(entry[1], entry[2])
    except UnreadableFact as error:
        raise DamagedJournal(path, number, str(error)) from None


def _without_surrogates(fact: Fact) -> Fact:
    changed: dict[str, Any] = {}
    for field in fields(fact):
        value = getattr(fact, field.name)
        if type(value) is str:
            value = value.encode("utf-8", "replace").decode()
        changed[field.name] = value
    if all(changed[field.name] == getattr(fact, field.name) for field in fields(fact)):
        raise TypeError(f"{name_of(fact)} holds a value that has no place in a journal")
    return type(fact)(**changed)
