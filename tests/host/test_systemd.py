"""Units for systemd."""

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from callcenter.host.precedence import Precedence
from callcenter.host.systemd import Service, next_steps, unit_text, write_env, write_units

pytestmark = pytest.mark.service

ENGINE = Service(
    name="callcenter-engine",
    description="Call centre: 100% engine",
    argv=("/srv/our folder/bin/callcenter", "run", "--name", 'a"b$c%d'),
    folder=Path("/srv/our folder"),
    env_file=Path("/srv/100% run/service.env"),
    after=("callcenter-switch",),
    stop_within=timedelta(minutes=2),
)


def test_a_dead_process_is_started_again_at_once_and_for_ever() -> None:
    lines = unit_text(ENGINE, user="callcenter").splitlines()
    for line in ("Restart=always", "RestartSec=0.5", "StartLimitIntervalSec=0", "User=callcenter"):
        assert line in lines
    assert "TimeoutStopSec=120" in lines
    assert "WantedBy=multi-user.target" in lines


def test_words_reach_the_program_as_they_are() -> None:
    lines = unit_text(ENGINE, user=None).splitlines()
    assert 'ExecStart="/srv/our folder/bin/callcenter" "run" "--name" "a\\"b$$c%%d"' in lines
    assert "EnvironmentFile=/srv/100%% run/service.env" in lines
    assert "Description=Call centre: 100%% engine" in lines


def test_the_engine_comes_after_the_switch_but_does_not_die_with_it() -> None:
    text = unit_text(ENGINE, user="callcenter")
    assert "After=network-online.target callcenter-switch.service" in text
    assert "Requires=" not in text
    assert "BindsTo=" not in text


def test_ones_own_systemd_has_no_user_and_lingers() -> None:
    text = unit_text(ENGINE, user=None)
    assert "User=" not in text
    assert "WantedBy=default.target" in text
    assert next_steps([ENGINE], user=None) == [
        "systemctl --user daemon-reload",
        "systemctl --user enable --now callcenter-engine.service",
        "loginctl enable-linger",
    ]


def test_units_are_written_under_their_names(tmp_path: Path) -> None:
    [path] = write_units([ENGINE], tmp_path / "units", user=None)
    assert path == tmp_path / "units/callcenter-engine.service"
    assert path.read_text() == unit_text(ENGINE, user=None)


def test_an_environment_is_its_owners_alone_and_arrives_as_it_is(tmp_path: Path) -> None:
    password = "a b'\"$HOME`date`\\n%h"
    path = write_env(tmp_path / "service.env", {"URL": password, "A": "1"})
    assert path.stat().st_mode & 0o077 == 0
    # systemd reads what is between double quotes as the shell does.
    words = ["sh", "-c", '. "$0" && printf %s "$A$URL"', str(path)]
    read = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert read == "1" + password
    with pytest.raises(ValueError, match="line end"):
        write_env(path, {"A": "1\nB=2"})


def test_whoever_listens_below_1024_is_given_the_right_to() -> None:
    right = "AmbientCapabilities=CAP_NET_BIND_SERVICE"
    low = replace(ENGINE, low_port=True)
    assert right in unit_text(low, user="callcenter").splitlines()
    assert right not in unit_text(ENGINE, user="callcenter")
    assert right not in unit_text(low, user=None)


def test_places_are_given_to_the_services_of_the_machine_alone() -> None:
    placed = replace(ENGINE, precedence=Precedence.SWITCH, may_take=Precedence.AT_WORK)
    assert {"Nice=-11", "LimitNICE=-10"} < set(unit_text(placed, user="callcenter").splitlines())
    for text in (unit_text(placed, user=None), unit_text(ENGINE, user="callcenter")):
        assert "Nice=" not in text
        assert "LimitNICE=" not in text


@pytest.mark.parametrize("name", ["a b", "../x", "", "a\nb"])
def test_a_name_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a unit"):
        unit_text(Service(name, "d", ("x",), Path("/")), user=None)
