"""Messages that callers left, as somebody reads them in a terminal."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from callcenter.core.ids import CallId, QueueId
from tests.adapters.message_left import ARRIVED, ONE

pytestmark = pytest.mark.adapter

OTHER = replace(
    ONE,
    call=CallId("cc1-1732246380.2"),
    arrived_at=ARRIVED + timedelta(minutes=1),
    queue=QueueId("sales"),
    language="en",
)


async def test_messages_are_listed_newest_first_page_by_page(running: Any) -> None:
    assert await running.type("messages", "list") == ""
    for message in (ONE, OTHER):
        await running.messages.put(message)
    heading, first, more = (await running.type("messages", "list", "--limit", "1")).splitlines()
    arrived = f"{OTHER.arrived_at.astimezone():%Y-%m-%d %H:%M:%S}"
    columns = ["message", "arrived", "caller", "dialled", "seconds", "queue", "language"]
    assert heading.split("\t") == columns
    told = [OTHER.call, arrived, "+4917139200", "4101", "4.2", "sales", "en"]
    assert first.split("\t") == told
    older = more.partition('"')[2].rstrip('"')
    second = await running.type("--lang", "zh", "messages", "list", "--older", older)
    assert second.splitlines()[0].split("\t")[2:] == ["主叫", "被叫", "秒", "队列", "语言"]
    assert [line.split("\t")[0] for line in second.splitlines()[1:]] == [ONE.call]
    page = json.loads(await running.type("messages", "list", "--json"))
    assert [one["id"] for one in page["items"]] == [OTHER.call, ONE.call]
    assert page["older"] is None


async def test_what_was_said_is_saved_as_a_new_file(running: Any) -> None:
    file = running.folder / "message.wav"
    refused = await running.type("messages", "save", ONE.call, str(file), status=1)
    assert "There is no such message" in refused
    assert not file.exists()
    await running.messages.put(ONE)
    (running.folder / "recordings/messages").mkdir(parents=True)
    (running.folder / "recordings" / ONE.path).write_bytes(b"RIFF")
    assert "已保存到" in await running.type("--lang", "zh", "messages", "save", ONE.call, str(file))
    assert file.read_bytes() == b"RIFF"
    again = await running.type("messages", "save", ONE.call, str(file), status=1)
    assert "File exists" in again
