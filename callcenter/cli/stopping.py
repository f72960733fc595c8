"""How a running centre is asked to end."""

import asyncio
import os
import signal
from typing import Final

_ASKED: Final = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """The first Ctrl-C, and the second.

    A terminal that is closed (SIGHUP) counts as the first and never as the second: it ends when the last
    caller has gone. Who told the centre to outlive its terminal (`nohup`) is heeded.
    """

    def __init__(self) -> None:
        self.first, self.second = asyncio.Event(), asyncio.Event()
        self._listened: list[signal.Signals] = []
        self._terminals: list[int] = []

    def listen(self) -> None:
        """From now on, until `forget`."""
        loop = asyncio.get_running_loop()
        # Afterwards a terminal can no longer be told from anything else that cannot be written to.
        self._terminals = [number for number in (1, 2) if os.isatty(number)]
        for number in _ASKED:
            loop.add_signal_handler(number, self._asked)
        self._listened = [*_ASKED]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            loop.add_signal_handler(signal.SIGHUP, self._left_alone)
            self._listened.append(signal.SIGHUP)

    def forget(self) -> None:
        """As it was before."""
        loop = asyncio.get_running_loop()
        for number in self._listened:
            loop.remove_signal_handler(number)
        self._listened = []

    def _asked(self) -> None:
        (self.second if self.first.is_set() else self.first).set()

    def _left_alone(self) -> None:
        """Every word to a terminal that is gone would be an error, and end the calls after all."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for number in self._terminals:
            os.dup2(nowhere, number)
        os.close(nowhere)
        self.first.set()
