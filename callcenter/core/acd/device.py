"""What is rung to reach an agent: a SIP endpoint of ours, or a number outside.

In facts a device is one text, `sip:<endpoint>` or `tel:<E.164>`, so that the journal stays readable.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, cast

from callcenter.core.errors import Invalid


class Answering(StrEnum):
    """How an agent takes a call at a phone of ours: by lifting it, at once by itself, or by pressing 1
    after it was lifted. A number outside always asks for the 1."""

    BY_HAND = "by-hand"
    BY_ITSELF = "by-itself"
    BY_KEY = "by-key"


# What is dialled is made from this: a slash, an @ or an & would ring somewhere else as well.
_TEXT = re.compile(r"sip:[\w.+-]{1,80}|tel:\+?[0-9]{2,20}")


@dataclass(frozen=True, slots=True)
class Device:
    """A device; `tel` devices accept a call by pressing 1, so that a mailbox cannot."""

    kind: Literal["sip", "tel"]
    address: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.address}"


def parse_device(text: str) -> Device:
    """The device behind its text form.

    Raises:
        Invalid: neither `sip:` nor `tel:`, or signs that would mean something to the switch.
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        raise Invalid("device: write sip:<endpoint> or tel:<number>")
    kind, address = found[0].split(":", 1)
    return Device(cast(Literal["sip", "tel"], kind), address)  # the pattern has no third
