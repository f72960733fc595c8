"""The agents' SIP accounts, as what is written to the switch."""

from collections import Counter
from typing import Any, cast

import pytest

from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import Request
from callcenter.adapters.asterisk.endpoints import AriEndpoints

pytestmark = pytest.mark.adapter


class Wire:
    """Takes down what is asked."""

    def __init__(self) -> None:
        self.asked: list[Request[Any]] = []

    async def ask(self, request: Request[Any]) -> None:
        self.asked.append(request)


async def test_an_account_is_never_written_over_an_older_one() -> None:
    wire = Wire()
    await AriEndpoints(cast(PooledHttp, wire)).put("agent-ana", "x", browser=False)
    told = [(request.method, request.path.split("/")[-2]) for request in wire.asked]
    assert told == [
        *(("DELETE", "endpoint"), ("DELETE", "aor")),
        *(("PUT", "auth"), ("PUT", "aor"), ("PUT", "endpoint")),
    ]


async def asked_every(agents: int) -> list[int]:
    """After how many seconds each phone is asked again whether it is there."""
    wire = Wire()
    accounts = AriEndpoints(cast(PooledHttp, wire))
    for number in range(agents):
        await accounts.put(f"agent-{number}", "x", browser=False)
    fields = [
        {one["attribute"]: one["value"] for one in (request.body or {})["fields"]}
        for request in wire.asked
        if request.method == "PUT" and "/aor/" in request.path
    ]
    return [int(one["qualify_frequency"]) for one in fields]


async def test_phones_are_not_all_asked_at_once_whether_they_are_there() -> None:
    every = await asked_every(1000)
    assert set(every) == {10, 11, 12, 13, 14}
    assert max(Counter(every).values()) < 300
    assert await asked_every(1000) == every
