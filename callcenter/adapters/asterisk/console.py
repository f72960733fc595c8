"""Asterisk's console, asked without starting a program: the socket that `asterisk -rx` speaks to.

ARI has no question for what goes on inside the switch, and AMI costs every call something merely by
being open. The console is there anyway, answers one command for each connection, and then hangs up.
"""

import asyncio
import re
from pathlib import Path
from typing import Final

from callcenter.ports.telephony import SwitchAway

_WITHIN_SECONDS: Final = 5.0
_LONGEST_ANSWER: Final = 8 * 1024 * 1024
# A name, what was processed, what waits, the most that ever waited, both marks; later also two times.
_LINE: Final = re.compile(
    rb"^\S.*?[ ]+[0-9]+[ ]+([0-9]+)[ ]+[0-9]+[ ]+[0-9]+[ ]+[0-9]+(?:[ ]+[0-9]+[ ]+[0-9]+)?[ ]*$",
    re.MULTILINE,
)


class Console:
    """The console at one socket."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def ask(self, command: str) -> bytes:
        """What it prints. Raises: SwitchAway."""
        try:
            async with asyncio.timeout(_WITHIN_SECONDS):
                reader, writer = await asyncio.open_unix_connection(
                    self._socket, limit=_LONGEST_ANSWER
                )
                try:
                    writer.write(f"cli quit after {command}\0".encode())
                    return await reader.read(-1)
                finally:
                    writer.close()
        except (OSError, TimeoutError) as error:
            raise SwitchAway(type(error).__name__) from None

    async def backlog(self) -> int:
        """How many tasks wait in the longest line inside the switch. Raises: SwitchAway."""
        waiting = [
            int(found) for found in _LINE.findall(await self.ask("core show taskprocessors"))
        ]
        if not waiting:
            raise SwitchAway("the console shows no lines")
        return max(waiting)
