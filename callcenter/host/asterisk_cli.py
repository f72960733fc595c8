"""Speaks to one running Asterisk from outside the calls: its console socket, and "are you up?"."""

import asyncio
import base64
import contextlib
from pathlib import Path
from urllib.parse import urlsplit

from callcenter.host.switch import Switch

READY_POLL_SECONDS = 0.05


class CommandFailed(Exception):
    """The console could not be reached or did not know the command."""


class NotReady(Exception):
    """Asterisk did not answer in time; the text says what it did instead."""


async def run_command(
    switch: Switch, conf: Path, command: str, *, timeout_seconds: float = 10
) -> str:
    """Run one console command and return what it printed.

    Raises:
        CommandFailed: nobody listens there, the command is unknown, or it took too long.
    """
    if any(ord(character) < 32 for character in command):
        raise CommandFailed("a console command is one line without control characters")
    process = await asyncio.create_subprocess_exec(
        *switch.asterisk_cli_argv(conf, command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=switch.asterisk.environment(),
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), timeout_seconds)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise CommandFailed(f"no answer within {timeout_seconds:g} s") from None
    text = output.decode(errors="replace")
    # A command that does not exist prints so and still ends with status 0.
    if process.returncode != 0 or text.startswith("No such command"):
        raise CommandFailed(text.strip()[:300])
    return text


async def wait_ready(url: str, user: str, password: str, *, timeout_seconds: float = 30) -> None:
    """Return as soon as ARI answers an authenticated request, which it does when fully booted.

    Raises:
        NotReady: it did not within the time; or the password is wrong, which waiting cannot mend.
    """
    last = "nothing listens there"
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_seconds):
            while True:
                try:
                    status = await ask_status(url, user, password)
                except (OSError, ValueError, asyncio.IncompleteReadError) as error:
                    last = type(error).__name__
                else:
                    if status == 200:
                        return
                    last = f"HTTP status {status}"
                    if status in (401, 403):
                        break
                await asyncio.sleep(READY_POLL_SECONDS)
    raise NotReady(f"ARI at {url} is not ready ({last}); read the log of this instance")


async def ask_status(url: str, user: str, password: str) -> int:
    """HTTP status of a small ARI request."""
    parts = urlsplit(url)
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(
            f"GET {parts.path}/asterisk/info?only=status HTTP/1.0\r\nHost: {parts.hostname}\r\n"
            f"Authorization: Basic {credentials}\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        line = await reader.readline()
        return int(line.split()[1]) if line.count(b" ") >= 1 else 0
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
