"""What is rung to reach an agent: a SIP endpoint of ours, or a number outside.

In facts a device is one text, `sip:<endpoint>` or `tel:<E.164>`, so that the journal stays readable.
"""

from dataclasses import dataclass
from typing import Literal, cast

from callcenter.core.errors import Invalid


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
        Invalid: neither `sip:` nor `tel:`.
    """
    kind, _, address = text.partition(":")
    if kind not in ("sip", "tel") or not address:
        raise Invalid("device: write sip:<endpoint> or tel:<number>")
    return Device(cast(Literal["sip", "tel"], kind), address)  # narrowed by the line above
