"""What a queues.conf of app_queue says, for those who come from there: queues, their people, and what of
it has no counterpart here.

Read as Asterisk reads it: sections with templates, `=` or `=>`, `;` comments, `;--` to `--;` over lines.
Every setting is either taken over or named: nothing is dropped without a word.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from callcenter.services.naming import LONGEST_NAME
from callcenter.services.queue_limits import MUSIC, SECONDS

_SECTION: Final = re.compile(r"\[([^\]]+)\](?:\(([^)]*)\))?")
_BLOCK: Final = re.compile(r";--(?!-).*?--;", re.DOTALL)
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9]+")

STRATEGIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ringall": "ring-all",
        "leastrecent": "longest-idle",
        "rrmemory": "round-robin",
        "rrordered": "round-robin",
        "roundrobin": "round-robin",
        "fewestcalls": "fewest-calls",
        "random": "random",
        "wrandom": "weighted-random",
        "linear": "linear",
    }
)

# Setting: our rule, whose bounds are in SECONDS.
_SECONDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "timeout": "ring_for",
        "wrapuptime": "wrap_up",
        "servicelevel": "service_level_within",
        "announce-frequency": "announce_every",
    }
)
# What holds here anyway, or decides nothing.
_HOLDS_ANYWAY: Final = frozenset(
    {"autofill", "ringinuse", "retry", "timeoutrestart", "timeoutpriority", "persistentmembers"}
)


@dataclass(frozen=True, slots=True)
class Line:
    """A setting and where it stands, counted from 1."""

    number: int
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Left:
    """A setting without a counterpart, as it stands in the file."""

    line: int
    queue: str
    text: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who serves a queue: a short name made of theirs, and the tier that their penalty comes
    to."""

    agent: str
    name: str
    tier: int


@dataclass(frozen=True, slots=True)
class OldQueue:
    """A queue as it would be here; `rules` are fields of the API."""

    id: str
    rules: Mapping[str, Any]
    people: tuple[Person, ...] = ()


@dataclass(slots=True)
class Imported:
    """Everything in the file."""

    queues: list[OldQueue] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def read_queues_conf(text: str) -> Imported:
    """What is in the file. It is never refused: what cannot be used is in `left`."""
    found = Imported()
    for name, lines in _queues(text):
        _read_queue(name, lines, found)
    return found


def _queues(text: str) -> Iterable[tuple[str, Sequence[Line]]]:
    """The sections that are queues, with what their templates say first."""
    plain = _BLOCK.sub(lambda block: "\n" * block[0].count("\n"), text)
    sections: dict[str, list[Line]] = {}
    templates: set[str] = set()
    current: list[Line] = []
    for number, line in enumerate(plain.splitlines(), start=1):
        line = _uncommented(line)
        if (section := _SECTION.match(line)) is not None:
            name, options = section[1].strip(), (section[2] or "").split(",")
            bases = [option.strip() for option in options if option.strip() not in ("", "!", "+")]
            current = sections.setdefault(name, [])
            current += [inherited for base in bases for inherited in sections.get(base, ())]
            if "!" in (option.strip() for option in options):
                templates.add(name)
        elif "=" in line:
            key, _, value = line.partition("=")
            current.append(Line(number, key.strip().lower(), value.lstrip(">").strip()))
    return [(n, lines) for n, lines in sections.items() if n not in templates | {"general"}]


def _uncommented(line: str) -> str:
    """Without what follows a `;` that is not escaped."""
    return re.split(r"(?<!\\);", line, maxsplit=1)[0].replace("\\;", ";").strip()


def _read_queue(name: str, lines: Sequence[Line], found: Imported) -> None:
    if not _short(name):
        found.left.append(Left(lines[0].number if lines else 0, name, f"[{name}]"))
        return
    rules: dict[str, Any] = {}
    people: dict[str, Person] = {}
    last = {line.key: line for line in lines if line.key != "member"}
    for line in last.values():
        taken = _setting(line)
        if taken is None:
            found.left.append(Left(line.number, name, f"{line.key} = {line.value}"))
        else:
            rules |= taken
    for line in lines:
        if line.key == "member":
            person = _person(line.value)
            if person is None:
                found.left.append(Left(line.number, name, f"member => {line.value}"))
            else:
                people[person.agent] = person
    found.queues.append(OldQueue(_short(name), rules, tuple(people.values())))


def _setting(line: Line) -> dict[str, Any] | None:
    if line.key in _SECONDS:
        rule = _SECONDS[line.key]
        least, most = SECONDS[rule]
        seconds = float(line.value) if re.fullmatch(r"[0-9]{1,6}", line.value) else -1
        if line.key == "announce-frequency" and seconds == 0:
            return {f"{rule}_seconds": None}
        return {f"{rule}_seconds": seconds} if least <= seconds <= most else None
    if line.key == "strategy" and line.value in STRATEGIES:
        return {"strategy": STRATEGIES[line.value]}
    if line.key in ("musicclass", "music") and MUSIC.fullmatch(line.value):
        return {"music": line.value}
    return {} if line.key in _HOLDS_ANYWAY else None


def _person(value: str) -> Person | None:
    """`PJSIP/1001,2,Ana Novak,…`: interface, penalty, name."""
    interface, penalty, name, *_ = [*(part.strip() for part in value.split(",")), "", "", ""]
    peer = interface.partition("/")[2].partition("@")[0]
    agent = _short(name or peer)
    known_as = "".join(filter(str.isprintable, name or peer))[:LONGEST_NAME].strip()
    if not agent or not known_as or not re.fullmatch(r"[0-9]{0,2}", penalty):
        return None
    return Person(agent, known_as, int(penalty or 0) + 1)


def _short(name: str) -> str:
    """A name as it may be used here: a-z, 0-9 and hyphens."""
    return _NOT_IN_NAMES.sub("-", name.lower()).strip("-")[:40].strip("-")
