"""Small questions to the running Asterisk over ARI, for the doctor: answers or None, never a wait."""

import base64
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from callcenter.settings import Settings

_WITHIN_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer: nobody listens, or the status of a refusal."""

    status: int = 0


def ask(settings: "Settings", path: str) -> Any:
    """The decoded answer to a GET, or a `Silence`."""
    from callcenter.host.render import ARI_USER

    password = _password(settings)
    url = f"http://127.0.0.1:{settings.switch.http_port}/ari/{quote(path)}"
    request = urllib.request.Request(url)
    claim = base64.b64encode(f"{ARI_USER}:{password}".encode()).decode()
    request.add_header("Authorization", f"Basic {claim}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_WITHIN_SECONDS) as reply:
            return json.loads(reply.read())
    except urllib.error.HTTPError as error:
        return Silence(error.code)
    except (OSError, ValueError):
        return Silence()


def _password(settings: "Settings") -> str:
    try:
        known = json.loads((settings.run_folder / "secrets.json").read_text())
        return str(known["ari_password"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
