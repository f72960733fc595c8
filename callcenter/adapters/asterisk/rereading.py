"""What the switch reads once, when it starts, and what may change while it runs: the certificate of SIP
over TLS, and the addresses behind the names of carriers.

Asterisk looks at neither again by itself. It does when a module is told to reload and the file that
names them is newer than it was; calls and registrations go on meanwhile.
"""

import asyncio
import logging
import socket
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from callcenter.adapters.asterisk.ari.generated import asterisk
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import AriError

logger = logging.getLogger(__name__)

EVERY: Final = timedelta(seconds=15)
_OF_FILES: Final = "res_pjsip.so"
_OF_NAMES: Final = "res_pjsip_endpoint_identifier_ip.so"


class Rereading:
    """`configuration`: the switch's file that names the certificate's `files` and the carriers' `names`."""

    def __init__(
        self, http: PooledHttp, configuration: Path, files: Sequence[Path], names: Sequence[str]
    ) -> None:
        self._http = http
        self._configuration = configuration
        self._files = files
        self._names = names
        self._dates = _dates(files)
        # Who a carrier was when the switch started is not known: it is asked to look once.
        self._addresses: Mapping[str, frozenset[str]] = {}

    async def run(self, *, every: timedelta = EVERY) -> None:
        """Look now and then, for ever."""
        while True:
            try:
                await self.look()
            except (AriError, OSError) as error:
                logger.info("not read again yet", extra={"why": type(error).__name__})
            await asyncio.sleep(every.total_seconds())

    async def look(self) -> None:
        """Have read again what has changed. Raises: AriError, OSError; then it is tried again."""
        dates = _dates(self._files)
        if dates and dates != self._dates:
            await self._reload(_OF_FILES)
            self._dates = dates
            logger.warning("certificate of SIP read again")
        addresses = await asyncio.to_thread(_resolved, self._names)
        if addresses != self._addresses:
            await self._reload(_OF_NAMES)
            self._addresses = addresses
            unknown = sum(not found for found in addresses.values())
            logger.warning("names of carriers read again", extra={"unknown": unknown})

    async def _reload(self, module: str) -> None:
        self._configuration.touch()
        await self._http.ask(asterisk.reload_module(module))


def _dates(files: Sequence[Path]) -> list[int]:
    try:
        return [file.stat().st_mtime_ns for file in files]
    except OSError:
        return []  # being renewed just now


def _resolved(names: Sequence[str]) -> Mapping[str, frozenset[str]]:
    return {name: _addresses_of(name) for name in names}


def _addresses_of(name: str) -> frozenset[str]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return frozenset()
    return frozenset(str(address[0]) for *_, address in found)
