"""The centre that faults are done to: one for all tests here, its engines behind a proxy."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from callcenter.host import programs
from callcenter.host.precedence import Precedence, take
from callcenter.host.processes import Child
from tests.faults.ari_proxy import AriProxy, proxied
from tests.live.conftest import house, pytest_runtest_makereport, pytest_terminal_summary
from tests.live.live_centre import LiveCentre, Ports, free_ports, open_lines

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
    own = programs.own_programs
    elsewhere = {**os.environ, "CALLCENTER_SWITCH_HTTP_PORT": str(ports.base + 6)}

    def behind_the_proxy(*args: object, **more: object) -> list[Child]:
        children = own(*args, **more)  # type: ignore[arg-type]
        return [
            replace(child, env=elsewhere) if child.name in programs.ENGINES else child
            for child in children
        ]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "own_programs", behind_the_proxy)
        try:
            running.start()
            asyncio.run(open_lines(running))
            yield running
        finally:
            running.stop()
