"""SIPp's command line and what is read back from its files; running it is a live test."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from callcenter.testing.sipp import (
    Load,
    Moment,
    RegisteredPhone,
    Scenario,
    Sipp,
    parse_moments,
    sipp_arguments,
)

pytestmark = pytest.mark.core


def option(arguments: list[str], name: str) -> str:
    return arguments[arguments.index(name) + 1]


@pytest.mark.parametrize("scenario", Scenario)
def test_every_scenario_is_there_and_well_formed(scenario: Scenario) -> None:
    arguments = sipp_arguments(Load(scenario, port=1))
    assert ElementTree.parse(option(arguments, "-sf")).getroot().tag == "scenario"


def test_a_rate_may_be_a_fraction() -> None:
    arguments = sipp_arguments(Load(Scenario.CALLER, port=1, calls_per_second=2.53))
    assert (option(arguments, "-r"), option(arguments, "-rp")) == ("253", "100000")


def test_only_what_is_asked_for_is_on_the_command_line() -> None:
    plain = sipp_arguments(Load(Scenario.AGENT, port=1))
    assert not {"-m", "-l", "-r", "-inf", "-min_rtp_port", "-rtp_echo"} & set(plain)
    full = sipp_arguments(
        Load(
            Scenario.CALLER,
            port=5070,
            target=("127.0.0.1", 5060),
            calls=7,
            at_once=3,
            media_port=6000,
            echo=True,
            stay=timedelta(seconds=1.5),
        )
    )
    assert [option(full, name) for name in ("-m", "-l", "-min_rtp_port", "-d")] == [
        "7",
        "3",
        "6000",
        "1500",
    ]
    assert full[-2:] == ["-rtp_echo", "127.0.0.1:5060"]


async def test_a_password_that_would_break_sipps_file_is_refused(tmp_path: Path) -> None:
    load = Load(Scenario.REGISTER, port=1, phones=[RegisteredPhone("agent-1", "a;b]", 2)])
    with pytest.raises(ValueError, match="letters, digits"):
        await Sipp(["/bin/false"], tmp_path).start(load)


def test_moments_are_read_and_other_lines_left_out() -> None:
    log = (
        "dialled +49301 2026-11-22\t04:16:59.130696\t1795321019.130696\n"
        "something else\n"
        "rang +49301 2026-11-22\t04:16:59.133669\t1795321019.133669 agent-7\n"
    )
    at = datetime(2026, 11, 22, 4, 16, 59, tzinfo=UTC)
    assert parse_moments(log) == [
        Moment("dialled", "+49301", at + timedelta(microseconds=130696), ""),
        Moment("rang", "+49301", at + timedelta(microseconds=133669), "agent-7"),
    ]
