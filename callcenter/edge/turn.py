"""What a browser needs to reach us through firewalls: ICE servers, with passwords that run out.

coturn's shared-secret scheme ("TURN REST API", draft-uberti-behave-turn-rest): the user name is the
moment of expiry and a name, the password its HMAC-SHA1 under a secret that only coturn and we have.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from callcenter.edge.plan import TurnPlan


@dataclass(frozen=True, slots=True)
class TurnCredentials:
    username: str
    password: str


def turn_credentials(name: str, secret: str, expires_at: datetime) -> TurnCredentials:
    """Credentials that coturn takes until `expires_at`; ValueError for a name with a colon."""
    if ":" in name:
        raise ValueError("a TURN name has no colon")
    username = f"{int(expires_at.timestamp())}:{name}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return TurnCredentials(username, base64.b64encode(digest).decode())


def ice_servers(
    name: str, stun_urls: tuple[str, ...], turn: TurnPlan | None, now: datetime
) -> dict[str, Any]:
    """What goes into a page's RTCPeerConnection, and until when it holds."""
    servers: list[dict[str, Any]] = []
    if stun_urls:
        servers.append({"urls": list(stun_urls)})
    if turn is None:
        return {"ice_servers": servers, "expires_at": None}
    expires_at = now + turn.life
    credentials = turn_credentials(name, turn.secret, expires_at)
    servers.append(
        {
            "urls": list(turn.urls),
            "username": credentials.username,
            "credential": credentials.password,
        }
    )
    return {"ice_servers": servers, "expires_at": expires_at.isoformat()}
