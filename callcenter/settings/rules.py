"""What a setting must be beyond its type, as types that a field is declared with.

The texts of a rule follow "write" and say what to write instead, in both languages.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from callcenter.core.addresses import is_address, is_host, is_network
from callcenter.core.errors import Invalid


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value must be beyond its type, and what to write instead."""

    holds: Callable[[Any], object]
    en: str
    zh: str


def between(first: int, last: int) -> Rule:
    """A number in this range, both ends included."""
    text = f"{first} … {last}"
    return Rule(lambda value: first <= value <= last, f"a number in {text}", f" {text} 之间的整数")


def spelt(pattern: str, en: str, zh: str) -> Rule:
    """A text that the whole of `pattern` fits."""
    return Rule(re.compile(pattern).fullmatch, en, zh)


def is_hours(text: str) -> bool:
    """Whether these are hours of some days."""
    # Here and not above: nearly nobody sets any, and every command reads the settings.
    from callcenter.core.calendar import parse_hours

    try:
        parse_hours([text])
    except Invalid:
        return False
    return True


_A_HOST: Final = ('an address or a name, such as "203.0.113.7"', '地址或域名，例如 "203.0.113.7"')

Port = Annotated[int, between(1, 65535)]
Address = Annotated[
    str, Rule(is_address, 'an address, such as "127.0.0.1"', ' IP 地址，例如 "127.0.0.1"')
]
Network = Annotated[
    str, Rule(is_network, 'a network, such as "10.0.0.0/8"', '网段，例如 "10.0.0.0/8"')
]
Outside = Annotated[str, Rule(lambda text: not text or is_host(text), *_A_HOST)]
Peer = Annotated[str, Rule(lambda text: is_host(text) or is_network(text), *_A_HOST)]
Region = Annotated[
    str, spelt("[A-Z]{2}", 'two capital letters, such as "DE"', '两个大写字母，例如 "CN"')
]
Codec = Literal["ulaw", "alaw", "opus", "g722", "slin16"]


@dataclass(frozen=True, slots=True)
class Together:
    """What settings of one section must be together; complained about where the first of `keys` that
    was given stands."""

    keys: tuple[str, ...]
    holds: Callable[[Any], object]
    en: str
    zh: str
