"""Commands over HTTP, against a switch that misbehaves."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web

from callcenter.adapters.asterisk.ari.connection import Switch
from callcenter.adapters.asterisk.ari.generated import asterisk, channels, recordings
from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import NoReply, Refused, SwitchGone
from callcenter.testing.ari_double import Double

pytestmark = pytest.mark.adapter


async def test_http_gives_any_status_as_a_reply_and_what_is_needed_as_a_value(
    double: Double, switch: Switch
) -> None:
    async def taken(request: web.Request) -> web.Response:
        return web.json_response({"message": "Channel exists"}, status=409)

    async with PooledHttp(switch) as http:
        assert not await http.ask(channels.list_all())
        double.http_answer = taken
        reply = await http.send(channels.originate_with_id("c1", endpoint="Local/1@x"))
        assert (reply.status, reply.message) == (409, "Channel exists")
        with pytest.raises(Refused, match="409 Channel exists"):
            await http.ask(channels.get("c1"))


async def test_http_sends_names_and_values_as_they_are_meant(
    double: Double, switch: Switch
) -> None:
    async with PooledHttp(switch) as http:
        await http.send(recordings.get_live("cc/a b..%"))
        await http.send(asterisk.set_global_var(variable="X", value="a+b&c=%20 é"))
    paths = [path for _, path, _ in double.http]
    assert paths[0] == "/ari/recordings/live/cc%2Fa%20b%2E%2E%25"
    assert paths[1] == "/ari/asterisk/variable?variable=X&value=a%2Bb%26c%3D%2520%20%C3%A9"


async def test_http_that_takes_too_long_is_no_failure_of_the_command(
    double: Double, switch: Switch
) -> None:
    over = asyncio.Event()

    async def wait(request: web.Request) -> web.Response:
        await over.wait()
        return web.Response(status=204)

    double.http_answer = wait
    async with PooledHttp(switch) as http:
        with pytest.raises(NoReply):
            await http.send(channels.answer("c1"), within=timedelta(seconds=0.05))
        over.set()


async def test_http_cut_in_the_middle_may_have_been_done(double: Double, switch: Switch) -> None:
    async def cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    double.http_answer = cut
    async with PooledHttp(switch) as http:
        with pytest.raises(SwitchGone) as lost:
            await http.send(channels.answer("c1"))
    assert lost.value.maybe_done


async def test_http_without_a_switch_was_surely_not_done(unused_tcp_port: int) -> None:
    nobody = Switch(f"http://127.0.0.1:{unused_tcp_port}/ari", "cc", "secret")
    async with PooledHttp(nobody) as http:
        with pytest.raises(SwitchGone) as lost:
            await http.send(channels.answer("c1"))
    assert not lost.value.maybe_done
