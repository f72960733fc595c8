"""The console: the longest line of tasks, as Asterisk 22 prints it and as older ones do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from callcenter.adapters.asterisk.console import Console
from callcenter.ports.telephony import SwitchAway

pytestmark = pytest.mark.adapter

HEAD = """vm/13839/22.10.1

Processor                      Processed   In Queue  Max Depth  Low water High water{more}
"""
NEW = HEAD.format(more=" Low time(us) High time(us)") + (
    "ast_msg_queue       0          0          9        450        500          0          0\n"
    "pjsip/distributor-00000003          8431  17  312   450   500   0   51\n"
    "taskpool/s:stasis-00000004             1   3    1   450   500   0    1\n"
    "\n82 taskprocessors\n\n"
)
OLD = HEAD.format(more="") + (
    "a name with 3 words 0          0          9        450        500\n"
    "pjsip/distributor-00000003          8431        501        999        450        500 \n"
    "\n2 taskprocessors\n\n"
)


@asynccontextmanager
async def answering(socket: Path, answer: Callable[[bytes], bytes]) -> AsyncIterator[Console]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(await reader.readuntil(b"\0")))
        writer.close()

    async with await asyncio.start_unix_server(serve, socket):
        yield Console(socket)


@pytest.mark.parametrize(("said", "longest"), [(NEW, 17), (OLD, 501)])
async def test_the_longest_line_is_told(tmp_path: Path, said: str, longest: int) -> None:
    asked: list[bytes] = []

    def answer(command: bytes) -> bytes:
        asked.append(command)
        return said.encode()

    async with answering(tmp_path / "ctl", answer) as console:
        assert await console.backlog() == longest
    assert asked == [b"cli quit after core show taskprocessors\0"]


async def test_an_answer_that_shows_no_lines_is_no_figure(tmp_path: Path) -> None:
    async with answering(tmp_path / "ctl", lambda _: b"No such command\n") as console:
        with pytest.raises(SwitchAway):
            await console.backlog()


async def test_where_nobody_listens_the_switch_is_away(tmp_path: Path) -> None:
    with pytest.raises(SwitchAway):
        await Console(tmp_path / "ctl").backlog()
