"""A carrier at whose registrar the centre signs in: a second Asterisk, with as little as that takes.

It knows one customer, by name and password; whoever calls it otherwise is the public. What the public
dials is a number of the customer's and goes where the customer registered; what the customer dials goes
to a phone of the public.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callcenter.host.asterisk_cli import run_command
from callcenter.host.switch import Switch
from tests.live.live_centre import PROJECT, Ports

REFUSED: Final = "+493023125999"
"""A number outside that this carrier has no line for."""

_MODULES: Final = """
res_timing_timerfd res_sorcery_config res_sorcery_memory res_sorcery_astdb res_crypto pbx_config
res_rtp_asterisk codec_ulaw codec_alaw bridge_simple res_pjproject res_pjsip res_pjsip_session
res_pjsip_pubsub res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user
res_pjsip_authenticator_digest res_pjsip_registrar res_pjsip_sdp_rtp res_pjsip_caller_id
res_pjsip_nat chan_pjsip app_dial
"""
_FILES: Final = {
    "asterisk.conf": """
[directories]
astetcdir => {folder}
astmoddir => {modules}
astvarlibdir => {folder}
astdbdir => {folder}
astkeydir => {folder}
astdatadir => {data}
astspooldir => {folder}
astrundir => {folder}
astlogdir => {folder}
""",
    "logger.conf": "[logfiles]\nmessages = notice,warning,error\n",
    "http.conf": "[general]\nenabled = no\n",
    "rtp.conf": "[general]\nrtpstart = {rtp}\nrtpend = {rtp_last}\n",
    "extensions.conf": """
[from-public]
exten => _X.,1,Dial(PJSIP/${{EXTEN}}@{user})
[from-customer]
exten => _+X.,1,Dial(PJSIP/${{EXTEN}}@public)
; 34: all circuits are busy, which is 503 in SIP.
exten => {refused},1,Hangup(34)
""",
    "pjsip.conf": """
[global]
type = global
endpoint_identifier_order = username,ip
[udp]
type = transport
protocol = udp
bind = {host}:{port}
[{user}]
type = endpoint
context = from-customer
auth = {user}
aors = {user}
disallow = all
allow = ulaw
; Keys of the public's phones come as events and go on as tones, which the customer must listen for.
dtmf_mode = inband
direct_media = no
media_address = {host}
bind_rtp_to_media_address = yes
[{user}]
type = auth
auth_type = digest
username = {user}
password = {password}
[{user}]
type = aor
max_contacts = 1
[public]
type = endpoint
context = from-public
aors = public
disallow = all
allow = ulaw
direct_media = no
media_address = {host}
bind_rtp_to_media_address = yes
[public]
type = aor
contact = sip:127.0.0.1:{phones}
[public]
type = identify
endpoint = public
match = 127.0.0.1
""",
}


@dataclass(frozen=True, slots=True)
class Carrier:
    """A running one."""

    switch: Switch
    folder: Path
    ports: Ports

    @property
    def sip(self) -> str:
        """Where the public's phones call."""
        host, port = self.ports.registrar
        return f"{host}:{port}"

    async def console(self, command: str) -> str:
        """One command on the carrier's console."""
        return await run_command(self.switch, self.folder / "asterisk.conf", command)

    async def knows_the_customer(self) -> bool:
        """Whether the customer has registered."""
        return f"{self.ports.account[0]}/sip:" in await self.console("pjsip show contacts")


@contextmanager
def carrier(switch: Switch, ports: Ports, folder: Path) -> Iterator[Carrier]:
    """Open for business until the end of the block."""
    host, port = ports.registrar
    user, password = ports.account
    values = {
        "folder": folder,
        "modules": switch.modules_dir,
        "data": switch.data_dir,
        "rtp": ports.base + 20,
        "rtp_last": ports.base + 129,
        "host": host,
        "port": port,
        "user": user,
        "password": password.replace(";", "\\;"),
        "phones": ports.phones,
        "refused": REFUSED,
    }
    for name, text in _FILES.items():
        (folder / name).write_text(text.format_map(values))
    modules = "".join(f"require = {module}.so\n" for module in _MODULES.split())
    (folder / "modules.conf").write_text(f"[modules]\nautoload = no\n{modules}")
    for name in ("acl", "ccss", "cdr", "cel", "features", "indications", "pjproject", "stasis"):
        shutil.copy(PROJECT / f"asterisk-conf/{name}.conf", folder)
    with subprocess.Popen(
        switch.asterisk_argv(folder / "asterisk.conf"), env=switch.asterisk.environment()
    ) as process:
        try:
            yield Carrier(switch, folder, ports)
        finally:
            process.terminate()
