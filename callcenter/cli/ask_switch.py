"""The running Asterisk of these settings, for the doctor to look at."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callcenter.adapters.asterisk.looking import SwitchLook
    from callcenter.settings import Settings


def switch_look(settings: "Settings") -> "SwitchLook":
    """Where it is, and what it should let us in with."""
    from callcenter.adapters.asterisk.looking import SwitchLook
    from callcenter.host.render import ARI_USER

    url = f"http://127.0.0.1:{settings.switch.http_port}/ari"
    return SwitchLook(url, ARI_USER, _password(settings))


def _password(settings: "Settings") -> str:
    try:
        known = json.loads((settings.run_folder / "secrets.json").read_text())
        return str(known["ari_password"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
