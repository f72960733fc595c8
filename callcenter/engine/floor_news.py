"""What the journal has to be told about the floor's configuration: once, before the first fact after a
change.

A change alone is no lap: an engine is configured before it has read its journal.
"""

from callcenter.core.acd.configured import changed
from callcenter.core.calls.directory import Directory
from callcenter.core.facts.centre import FloorConfigured
from callcenter.ports.clock import Clock


class FloorNews:
    """`written` is what the journal says last."""

    def __init__(self) -> None:
        self.written: FloorConfigured | None = None
        self.is_due = True

    def of(self, directory: Directory, clock: Clock) -> FloorConfigured | None:
        """What is to be written, if that is news."""
        self.is_due = False
        rules = directory.queues.values(), directory.assignments, directory.talents
        return changed(self.written, *rules, clock.now())
