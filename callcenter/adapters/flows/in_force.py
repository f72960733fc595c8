"""What is in force, in one file of the run folder, for the engine that goes on after this one.

The folder of flows is the admin's desk: what lies there may be half written. So an engine that starts
while the centre runs (after a death, or since it stood by) takes this file and leaves the desk alone.
The plain data of each flow and calendar is kept, not its text, since what is in force may be older than
any file, and a file of calendars may be so in part.

Whoever starts the centre as a whole sets it aside: the next engine reads the folder then, and what ran
before still serves for what is broken in it.
"""

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from callcenter.adapters.flows.set_aside import BEFORE, IN_FORCE
from callcenter.core.calendar import Calendar, parse_calendar
from callcenter.core.ids import FlowId
from callcenter.core.ivr.flow import Flow
from callcenter.core.ivr.parse import parse_flow
from callcenter.core.reading import Unreadable
from callcenter.ports.journal import JournalAway
from callcenter.private_file import write_private
from callcenter.services.flows import Recalled

logger = logging.getLogger(__name__)

Read = TypeVar("Read", Flow, Calendar)


class FlowsInForce:
    """The record in a run folder. Only the engine at work writes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> Recalled:
        """See `services.flows.FlowRecord`. It does not hold where a part of it cannot be read: then a
        start looks into the folder for that part."""
        file = self._folder / IN_FORCE
        if file.exists():
            return _recalled(file)
        aside = _recalled(self._folder / BEFORE)
        return Recalled(aside.flows, aside.calendars, holds=False)

    def write(self, flows: Mapping[FlowId, Flow], calendars: Mapping[str, Calendar]) -> None:
        """See `services.flows.FlowRecord`."""
        kept = {
            "flows": {name: flow.source for name, flow in flows.items() if flow.source is not None},
            "calendars": {name: calendar.source for name, calendar in calendars.items()},
        }
        file = self._folder / IN_FORCE
        try:
            write_private(file, json.dumps(kept, ensure_ascii=False, indent=1))
        except OSError as error:
            raise JournalAway(f"{file}: {error.strerror}") from None


def _recalled(file: Path) -> Recalled:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        flows, calendars = dict(kept["flows"]), dict(kept["calendars"])
    except FileNotFoundError:
        return Recalled({}, {}, holds=False)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        logger.warning("record of flows in force cannot be read", extra={"file": str(file)})
        return Recalled({}, {}, holds=False)
    read_flows, read_calendars = _each(flows, parse_flow), _each(calendars, parse_calendar)
    is_whole = len(read_flows) == len(flows) and len(read_calendars) == len(calendars)
    by_id = {flow.id: flow for flow in read_flows.values()}
    return Recalled(by_id, read_calendars, holds=is_whole)


def _each(kept: Mapping[str, object], parse: Callable[[object], Read]) -> dict[str, Read]:
    """Those that can be read; after an update of ours there may be some that cannot."""
    read: dict[str, Read] = {}
    for name, source in kept.items():
        try:
            read[name] = parse(source)
        except Unreadable:
            logger.warning("no longer understood of what was in force", extra={"part": name})
    return read
