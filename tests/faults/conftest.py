"""The centre that faults are done to: one for all tests here, its engines behind a proxy."""

import asyncio
from collections.abc import Iterator

import pytest

from callcenter.host.precedence import Precedence, take
from tests.faults.ari_proxy import AriProxy, proxied
from tests.live.conftest import house, pytest_runtest_makereport, pytest_terminal_summary
from tests.live.live_centre import LiveCentre, Ports, engines_see, free_ports, open_lines

__all__ = ["house", "pytest_runtest_makereport", "pytest_terminal_summary"]


@pytest.fixture(scope="session")
def ports() -> Iterator[Ports]:
    with free_ports() as ports:
        yield ports


@pytest.fixture(scope="session")
def one_proxy(ports: Ports) -> Iterator[AriProxy]:
    with proxied(ports.base + 6, ports.base + 4) as proxy:
        yield proxy


@pytest.fixture
def proxy(one_proxy: AriProxy) -> Iterator[AriProxy]:
    """The way of the engines to the switch, honest again after each test."""
    one_proxy.begin()
    yield one_proxy
    one_proxy.begin()


@pytest.fixture(scope="session")
def centre(
    ports: Ports, one_proxy: AriProxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveCentre]:
    """Asterisk, engines and edge under a keeper. Only the engines go through the proxy."""
    take(Precedence.SWITCH)
    running = LiveCentre(tmp_path_factory.mktemp("centre") / "faults", ports)
    with engines_see({"CALLCENTER_SWITCH_HTTP_PORT": str(ports.base + 6)}):
        try:
            running.start()
            asyncio.run(open_lines(running))
            yield running
        finally:
            running.stop()
