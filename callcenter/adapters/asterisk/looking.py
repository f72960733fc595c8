"""Small questions to a running Asterisk, one at a time, for somebody who only looks: the doctor.

No session, no event loop: an answer, or `Silence` when there is none within seconds.
"""

import base64
import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Final, TypeVar, cast

from callcenter.adapters.asterisk.ari.generated import asterisk, channels, endpoints
from callcenter.adapters.asterisk.ari.generated.objects import Channel, Endpoint, Module, RTPstat
from callcenter.adapters.asterisk.ari.request import Request

T = TypeVar("T")

_WITHIN_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer: nobody listens (status 0), or a refusal."""

    status: int = 0


@dataclass(frozen=True, slots=True)
class SwitchLook:
    """One switch, by the address of its ARI, such as http://127.0.0.1:8088/ari."""

    url: str
    user: str
    password: str = field(repr=False)

    def is_there(self) -> bool:
        """Whether it answers us."""
        answer = self._ask(asterisk.ping())
        return not isinstance(answer, Silence)

    def modules(self) -> list[Module] | Silence:
        """What is loaded, running or not."""
        return self._ask(asterisk.list_modules())

    def endpoints(self) -> list[Endpoint] | Silence:
        """Trunks and agents' phones."""
        return self._ask(endpoints.list_by_tech("PJSIP"))

    def legs(self) -> list[Channel] | Silence:
        """Everything that is up or ringing."""
        return self._ask(channels.list_all())

    def packets(self, leg: str) -> RTPstat | Silence:
        """What was counted of a leg's audio: `rxcount` came in, `txcount` went out."""
        return self._ask(channels.rtpstatistics(leg))

    def _ask(self, question: Request[T]) -> T | Silence:
        request = urllib.request.Request(f"{self.url}/{question.path}")
        claim = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        request.add_header("Authorization", f"Basic {claim}")
        # The switch is on this machine: a proxy of the environment has no say in it.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_WITHIN_SECONDS) as reply:
                # The description is the switch's promise, as in `ari.request`.
                return cast(T, json.loads(reply.read()))
        except urllib.error.HTTPError as error:
            return Silence(error.code)
        except (OSError, ValueError):
            return Silence()
