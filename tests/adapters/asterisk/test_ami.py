"""The side door against a listener that speaks AMI by the letter, and cuts it where it likes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from types import SimpleNamespace

import pytest

from callcenter.adapters.asterisk.ami import (
    ActionRefused,
    DoorAddress,
    DoorShut,
    SideDoor,
    WalledProtocol,
    open_side_door,
)

pytestmark = pytest.mark.adapter

Headers = dict[str, str]
Script = Callable[[Headers], str]


def answer(request: Headers, *lines: str) -> str:
    return "\r\n".join([*lines, f"ActionID: {request['ActionID']}", "", ""])


def yes(request: Headers) -> str:
    return answer(request, "Response: Success", "Message: fine")


@asynccontextmanager
async def door(
    script: Script, *, login: Script = yes, within: timedelta = timedelta(seconds=5)
) -> AsyncIterator[SideDoor]:
    """A door to a listener that answers login by `login` and all else by `script`."""
    answers = {"Login": login}

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        while request := await reader.readuntil(b"\r\n\r\n"):
            lines = request.decode().strip().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            said = answers.get(headers["Action"], script)(headers)
            writer.write(said.encode())
            if not said:
                writer.transport.abort()
                return

    heard_out: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        heard_out.append(task)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await listen(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    address = DoorAddress("127.0.0.1", port, "cc", "secret")
    async with server:
        try:
            async with open_side_door(address, within=within) as opened:
                yield opened
        finally:
            await asyncio.gather(*heard_out)


async def test_an_answer_that_looks_like_a_list_is_taken_as_the_answer() -> None:
    def added(request: Headers) -> str:
        return answer(request, "Response: Success", "Message: Added interface to queue")

    async with door(added) as ami:
        assert await ami.queue_add("fallback", "PJSIP/agent-7", state_interface="PJSIP/agent-7")


async def test_what_is_already_so_is_no_error() -> None:
    def already(request: Headers) -> str:
        words = "Unable to add interface: Already there"
        return answer(request, "Response: Error", f"Message: {words}")

    async with door(already) as ami:
        assert not await ami.queue_add("fallback", "PJSIP/agent-7")


async def test_an_error_in_answer_to_a_list_ends_the_waiting() -> None:
    def refused(request: Headers) -> str:
        return answer(request, "Response: Error", "Message: Permission denied")

    async with door(refused) as ami:
        with pytest.raises(ActionRefused, match="Permission denied"):
            await ami.queue_callers("fallback")


async def test_callers_come_in_the_order_they_wait() -> None:
    def two(request: Headers) -> str:
        entries = [
            answer(
                request,
                "Event: QueueEntry",
                f"Channel: PJSIP/trunk-{place}",
                f"Uniqueid: cc1-17.{place}",
                f"Position: {place}",
                f"Wait: {90 - place}",
            )
            for place in (2, 1)
        ]
        start = answer(request, "Response: Success", "EventList: start")
        end = answer(request, "Event: QueueStatusComplete", "EventList: Complete")
        return start + "".join(entries) + end

    async with door(two) as ami:
        first, second = await ami.queue_callers("fallback")
    assert (first.channel, first.channel_id, first.position) == ("PJSIP/trunk-1", "cc1-17.1", 1)
    assert first.waited == timedelta(seconds=89)
    assert second.position == 2


@pytest.mark.parametrize("value", ["a\r\nAction: Originate", "a\nb", "a\rb", "a\0b", ""])
async def test_no_value_can_hold_a_second_action(value: str) -> None:
    async with door(yes) as ami:
        with pytest.raises(ValueError, match="QueueAdd: Interface"):
            await ami.queue_add("fallback", value)


async def test_a_login_that_is_refused_leaves_the_door_shut() -> None:
    def no(request: Headers) -> str:
        return answer(request, "Response: Error", "Message: Authentication failed")

    with pytest.raises(DoorShut, match="Authentication failed"):
        async with door(yes, login=no):
            pytest.fail("the door opened")


async def test_a_connection_that_breaks_fails_what_was_asked_and_what_comes_after() -> None:
    async with door(lambda request: "") as ami:
        with pytest.raises(DoorShut):
            await ami.ping()
        with pytest.raises(DoorShut):
            await ami.ping()


async def test_nobody_there_means_shut(unused_tcp_port: int) -> None:
    with pytest.raises(DoorShut, match=str(unused_tcp_port)):
        async with open_side_door(DoorAddress("127.0.0.1", unused_tcp_port, "cc", "x")):
            pytest.fail("the door opened")


async def test_no_answer_means_shut() -> None:
    async with door(lambda request: "Event: Noise\r\n\r\n", within=timedelta(seconds=0.1)) as ami:
        with pytest.raises(DoorShut, match="no answer to Ping"):
            await ami.ping()


def test_a_character_cut_by_a_packet_is_put_together_again() -> None:
    heard: list[str] = []
    protocol = WalledProtocol()
    protocol.connection_made(asyncio.Transport())
    protocol.encoding = "utf8"
    protocol.factory = SimpleNamespace(dispatch=lambda event: heard.append(event.name))
    packets = "Event: X\r\nName: José 张\r\n\r\n".encode()
    for position in range(len(packets)):
        protocol.data_received(packets[position : position + 1])
    assert heard == ["José 张"]
