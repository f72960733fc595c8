"""Waiting for a switch that boots, against a small server that answers as one does."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator

import pytest

from callcenter.host.asterisk_cli import NotReady, wait_ready

pytestmark = pytest.mark.service

SAYS_OK = b"HTTP/1.1 200 OK\r\n\r\n{}"
SAYS_BOOTING = b"HTTP/1.1 503 Service Unavailable\r\n\r\n"
SAYS_STRANGER = b"HTTP/1.1 401 Unauthorized\r\n\r\n"


@contextlib.asynccontextmanager
async def serving(answers: list[bytes], heard: list[bytes]) -> AsyncIterator[str]:
    """Give these answers in turn, and the last of them for ever."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answers[min(len(heard), len(answers)) - 1])
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/ari"


async def test_it_asks_again_until_the_switch_has_booted() -> None:
    heard: list[bytes] = []
    async with serving([b"", SAYS_BOOTING, b"nonsense", SAYS_OK], heard) as url:
        await wait_ready(url, "cc", "secret")
    assert len(heard) == 4
    assert b"GET /ari/asterisk/info" in heard[0]
    assert base64.b64encode(b"cc:secret") in heard[0]


async def test_a_wrong_password_is_not_waited_for() -> None:
    heard: list[bytes] = []
    async with serving([SAYS_STRANGER], heard) as url:
        with pytest.raises(NotReady, match="401"):
            await wait_ready(url, "cc", "wrong", timeout_seconds=60)
    assert len(heard) == 1


async def test_after_its_time_it_says_what_it_saw_last() -> None:
    async with serving([SAYS_BOOTING], []) as url:
        with pytest.raises(NotReady, match="503"):
            await wait_ready(url, "cc", "secret", timeout_seconds=0.3)


async def test_nobody_there_is_not_an_error_of_the_program() -> None:
    with pytest.raises(NotReady, match="ConnectionRefused"):
        await wait_ready("http://127.0.0.1:9/ari", "cc", "secret", timeout_seconds=0.2)
