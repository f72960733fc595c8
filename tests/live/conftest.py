"""One whole centre for all live tests that need one, started when the first of them asks."""

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from datetime import UTC, datetime

import pytest

from callcenter.host.precedence import Precedence, take
from tests.live.live_centre import FIGURES, House, LiveCentre, free_ports, open_house, open_lines


@pytest.fixture(scope="session")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCentre]:
    """Asterisk, engine and edge under a keeper."""
    take(Precedence.SWITCH)
    with free_ports() as ports:
        running = LiveCentre(tmp_path_factory.mktemp("centre") / "live", ports)
        try:
            running.start()
            asyncio.run(open_lines(running))
            yield running
        finally:
            running.stop()


@pytest.fixture
async def house(centre: LiveCentre) -> AsyncIterator[House]:
    """A desk with phones, for one test."""
    async with open_house(centre) as opened:
        yield opened


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside a failure, what the engine and the edge logged during the test."""
    report = yield
    centre = getattr(item, "funcargs", {}).get("centre")
    if report.failed and centre is not None:
        began = datetime.fromtimestamp(call.start, UTC)
        report.sections.append(("logged since it began", "\n".join(centre.logged(began))))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was measured on the way."""
    while FIGURES:  # The faults' tests say them too, by the same words.
        terminalreporter.write_line(FIGURES.pop(0))
