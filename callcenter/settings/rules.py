"""What a setting must be beyond its type, as types that a field is declared with.

The texts of a rule follow "write" and say what to write instead, in both languages.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal


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


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")


def _is_host(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) or _is_address(text)


_A_HOST: Final = ('an address or a name, such as "203.0.113.7"', '地址或域名，例如 "203.0.113.7"')

Port = Annotated[int, between(1, 65535)]
Address = Annotated[
    str, Rule(_is_address, 'an address, such as "127.0.0.1"', ' IP 地址，例如 "127.0.0.1"')
]
Network = Annotated[
    str, Rule(_is_network, 'a network, such as "10.0.0.0/8"', '网段，例如 "10.0.0.0/8"')
]
Outside = Annotated[str, Rule(lambda text: not text or _is_host(text), *_A_HOST)]
Peer = Annotated[str, Rule(lambda text: _is_host(text) or _is_network(text), *_A_HOST)]
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
