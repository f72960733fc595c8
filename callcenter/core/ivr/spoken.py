"""Collected values as words, where they can be said."""

from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Final

from callcenter.core.errors import Invalid
from callcenter.core.ivr.flow import SpokenAs
from callcenter.core.say.wording import WORDINGS, Wording

_LONGEST: Final = 64


def in_words(value: str, spoken_as: SpokenAs, language: str) -> str | None:
    """The words in this language; None where the value is none of that kind, or there are no words."""
    wording = WORDINGS.get(language.partition("-")[0])
    if wording is None or not value or len(value) > _LONGEST:
        return None
    try:
        return _SAID[spoken_as](wording, value)
    except (Invalid, ValueError):
        return None


def _date(wording: Wording, value: str) -> str:
    return wording.day(date.fromisoformat(value))


def _time(wording: Wording, value: str) -> str:
    return wording.time_of_day(time.fromisoformat(value))


_SAID: Final[Mapping[SpokenAs, Callable[[Wording, str], str]]] = {
    SpokenAs.DIGITS: lambda wording, value: wording.digits(value.removeprefix("+")),
    SpokenAs.NUMBER: lambda wording, value: wording.cardinal(int(value)),
    SpokenAs.DATE: _date,
    SpokenAs.TIME: _time,
}
