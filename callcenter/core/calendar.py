"""When a place is open: several frames a day, holidays and exceptions, in its own time zone.

A frame belongs to the day on which it begins: 22:00-06:00 on a Friday is open on Saturday morning,
also when that Saturday is a holiday. An exception replaces the whole day of the week for one date;
a holiday is an exception without frames.

Clocks that change: where an hour comes twice, an opening time means the first and a closing time
the second, so that nobody is closed and opened again within the same hour of the wall clock. Where
a time does not exist, it means the moment at which the clocks jump.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callcenter.core.errors import Invalid
from callcenter.core.reading import Path, Reader, Unreadable, shown, unknown

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FRAME: Final = re.compile(r"(\d{1,2}):(\d{2}) ?- ?(\d{1,2}):(\d{2})")
# A range of dates is a holiday season, not a typing slip over a century.
_LONGEST_HOLIDAY_DAYS: Final = 366
_DAY: Final = timedelta(days=1)
# Whoever is closed for longer than this has no next opening worth telling a caller.
_LOOK_AHEAD_DAYS: Final = 400
# Nobody waits until then.
_LONGEST_OPEN_DAYS: Final = 7
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Frame:
    """An open stretch, as distances from midnight on the wall clock; `closes` may be past 24 h."""

    opens: timedelta
    closes: timedelta


@dataclass(frozen=True, slots=True)
class Calendar:
    """Business hours. `weekly` is by weekday (Monday is 0), `exceptions` by local date; `source` is the
    plain data they were read from."""

    zone: ZoneInfo
    weekly: Mapping[int, tuple[Frame, ...]]
    exceptions: Mapping[date, tuple[Frame, ...]] = field(default_factory=dict)
    source: object = field(default=None, compare=False, repr=False)

    def is_open(self, at: datetime) -> bool:
        """Whether it is open at this moment (aware)."""
        day = at.astimezone(self.zone).date()
        spans = (*self._spans(day - _DAY), *self._spans(day))
        return any(opens <= at < closes for opens, closes in spans)

    def next_open(self, at: datetime) -> datetime | None:
        """`at` if it is open then, else the next opening (UTC); None without one in 400 days."""
        if self.is_open(at):
            return at
        today = at.astimezone(self.zone).date()
        for ahead in range(_LOOK_AHEAD_DAYS + 1):
            coming = [opens for opens, _ in self._spans(today + ahead * _DAY) if opens > at]
            if coming:
                return min(coming)
        return None

    def next_close(self, at: datetime) -> datetime | None:
        """The end (UTC) of the open stretch at `at`, or of the next one; stretches that touch are one. None
        if there is none, or it does not end within a week."""
        begin = self.next_open(at)
        if begin is None:
            return None
        today = begin.astimezone(self.zone).date()
        closing = begin
        for ahead in range(-1, _LONGEST_OPEN_DAYS + 1):
            for opens, closes in sorted(self._spans(today + ahead * _DAY)):
                if opens > closing:
                    return closing
                closing = max(closing, closes)
        return closing if closing < begin + _LONGEST_OPEN_DAYS * _DAY else None

    def _spans(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        for frame in self.exceptions.get(day, self.weekly.get(day.weekday(), ())):
            opens = _instant(day, frame.opens, self.zone, fold=0)
            closes = _instant(day, frame.closes, self.zone, fold=1)
            # Nothing is left of a frame that lies within the hour the clocks leave out.
            if opens < closes:
                yield opens, closes


def _instant(day: date, distance: timedelta, zone: ZoneInfo, *, fold: int) -> datetime:
    """The moment (UTC) at which the wall clock shows `distance` past the day's midnight."""
    wall = datetime.combine(day, time()) + distance
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if second < first:
        return _jump(second, first, zone)
    return second if fold else first


def _jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment between the two at which the clocks jump."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def parse_calendar(data: object) -> Calendar:
    """Read a calendar from plain data.

    `zone` is an IANA name. `weekly` gives frames ("09:00-12:30", "22:00-06:00") by `mon` … `sun`,
    `mon-fri` or `daily`; `holidays` lists dates and ranges ("2026-10-01..2026-10-07");
    `exceptions` gives the frames of single dates and wins over `holidays`.

    Raises: Unreadable, with every problem.
    """
    reader = Reader()
    fields = reader.fields(
        data, (), required=("zone", "weekly"), optional=("holidays", "exceptions")
    )
    zone = _zone(reader, fields["zone"], ("zone",)) if fields else None
    if fields is None or zone is None:
        raise Unreadable(reader.problems)
    weekly = _weekly(reader, fields["weekly"], ("weekly",))
    exceptions = _holidays(reader, fields.get("holidays") or (), ("holidays",))
    exceptions |= _exceptions(reader, fields.get("exceptions") or {}, ("exceptions",))
    reader.finish()
    return Calendar(zone, weekly, exceptions, fields)


def _zone(reader: Reader, value: object, path: Path) -> ZoneInfo | None:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        reader.note(
            "unknown-zone",
            path,
            f"There is no time zone {shown(value)}: write an IANA name such as Asia/Shanghai.",
            f"没有时区 {shown(value)}，请填写 IANA 名称，例如 Asia/Shanghai。",
        )
        return None


def _weekly(reader: Reader, value: object, path: Path) -> dict[int, tuple[Frame, ...]]:
    weekly: dict[int, tuple[Frame, ...]] = {}
    for key, entry in (reader.mapping(value, path) or {}).items():
        place = (*path, str(key))
        frames = _frames(reader, entry, place)
        for day in _days(reader, str(key), place):
            if day in weekly:
                reader.note(
                    "day-given-twice",
                    place,
                    f"{_WEEKDAYS[day]} is given twice: put all its frames into one list.",
                    f"{_WEEKDAYS[day]} 重复出现，请把当天的时段放进同一个列表。",
                )
            weekly[day] = frames
    return weekly


def _days(reader: Reader, key: str, path: Path) -> tuple[int, ...]:
    first, _, last = ("mon-sun" if key == "daily" else key).partition("-")
    last = last or first
    if first not in _WEEKDAYS or last not in _WEEKDAYS:
        known = (*_WEEKDAYS, "mon-fri", "daily")
        reader.problems.append(unknown("unknown-day", path, "day", key, known))
        return ()
    begin, end = _WEEKDAYS.index(first), _WEEKDAYS.index(last)
    # sun-thu goes round the end of the week.
    return tuple((begin + n) % 7 for n in range((end - begin) % 7 + 1))


def _frames(reader: Reader, value: object, path: Path) -> tuple[Frame, ...]:
    frames = []
    for index, text in enumerate(reader.listing(value, path) or ()):
        frame = _frame(str(text))
        if frame is not None:
            frames.append(frame)
            continue
        reader.note(
            "bad-frame",
            (*path, index),
            f'{shown(text)} is no stretch of hours: write "09:00-17:30", or "22:00-06:00" past midnight.',
            f'{shown(text)} 不是有效时段，请写成 "09:00-17:30"，跨午夜写成 "22:00-06:00"。',
        )
    return tuple(sorted(frames))


def _frame(text: str) -> Frame | None:
    found = _FRAME.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, end_hours, end_minutes = (int(part) for part in found.groups())
    opens = timedelta(hours=hours, minutes=minutes)
    closes = timedelta(hours=end_hours, minutes=end_minutes)
    if minutes > 59 or end_minutes > 59 or opens >= _DAY or closes > _DAY:
        return None
    return Frame(opens, closes if closes > opens else closes + _DAY)


def _holidays(reader: Reader, value: object, path: Path) -> dict[date, tuple[Frame, ...]]:
    closed: dict[date, tuple[Frame, ...]] = {}
    for index, entry in enumerate(reader.listing(value, path) or ()):
        first, _, last = str(entry).partition("..")
        begin, end = _date(first), _date(last or first)
        if begin is None or end is None or not 0 <= (end - begin).days < _LONGEST_HOLIDAY_DAYS:
            _note_date(reader, entry, (*path, index))
            continue
        closed |= {begin + n * _DAY: () for n in range((end - begin).days + 1)}
    return closed


def _exceptions(reader: Reader, value: object, path: Path) -> dict[date, tuple[Frame, ...]]:
    changed: dict[date, tuple[Frame, ...]] = {}
    for key, entry in (reader.mapping(value, path) or {}).items():
        day = _date(str(key))
        if day is None:
            _note_date(reader, key, (*path, str(key)))
            continue
        changed[day] = _frames(reader, entry, (*path, str(key)))
    return changed


def _date(text: str) -> date | None:
    # A date that YAML already understood prints in the same form.
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _note_date(reader: Reader, value: object, path: Path) -> None:
    reader.note(
        "bad-date",
        path,
        f'{shown(value)} is no date: write 2026-10-01, or "2026-10-01..2026-10-07" for several.',
        f'{shown(value)} 不是日期，请写成 2026-10-01，连续多天写成 "2026-10-01..2026-10-07"。',
    )


def parse_hours(lines: Iterable[str]) -> Calendar:
    """Hours such as `mon-fri 08:00-21:00`, in no zone of their own yet.

    Raises: Invalid.
    """
    weekly: dict[str, list[str]] = {}
    for line in lines:
        days, _, frame = line.strip().partition(" ")
        weekly.setdefault(days, []).append(frame.strip())
    try:
        return parse_calendar({"zone": "UTC", "weekly": weekly})
    except Unreadable as error:
        raise Invalid(error.problems[0].text["en"]) from None
