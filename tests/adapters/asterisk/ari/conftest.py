"""The double of the switch, and where it listens."""

from collections.abc import AsyncIterator

import pytest

from callcenter.adapters.asterisk.ari.connection import Switch
from callcenter.testing.ari_double import Double, serving


@pytest.fixture
async def double() -> AsyncIterator[Double]:
    async with serving() as made:
        yield made


@pytest.fixture
def switch(double: Double) -> Switch:
    return Switch(double.url, "cc", "secret")
