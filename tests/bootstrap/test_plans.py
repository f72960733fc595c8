"""What the switch is told, from settings."""

from pathlib import Path

import pytest

from callcenter.bootstrap import plans
from callcenter.host.switch import Program, Switch
from callcenter.settings import load

pytestmark = pytest.mark.adapter

HERE = Path("/nowhere")
NO_PROGRAM = Program(("none",))
SWITCH = Switch(
    *("22.10.1", False, NO_PROGRAM, NO_PROGRAM, NO_PROGRAM),
    *(HERE, HERE, HERE, HERE, "none"),
)
NETS = 'local_nets = ["10.0.0.0/8"]'


@pytest.mark.parametrize(
    ("sip", "local"),
    [
        (f'bind = "192.0.2.9"\nexternal_address = "203.0.113.7"\n{NETS}', ("192.0.2.9",)),
        (
            f'bind = "0.0.0.0"\nexternal_address = "203.0.113.7"\n{NETS}',
            ("192.0.2.9", "172.17.0.1"),
        ),
        (f'bind = "192.0.2.9"\n{NETS}', ()),
    ],
    ids=["one address", "all addresses", "no router"],
)
def test_behind_a_router_this_machine_itself_is_a_local_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sip: str, local: tuple[str, ...]
) -> None:
    monkeypatch.setattr(plans, "own_addresses", lambda: ("192.0.2.9", "172.17.0.1"))
    file = tmp_path / "callcenter.toml"
    file.write_text(f"[sip]\n{sip}\n")
    assert plans.switch_plan(load(file, {}), SWITCH).local_nets == ("10.0.0.0/8", *local)


def test_where_no_network_is_local_everybody_is_told_the_outside_address(tmp_path: Path) -> None:
    file = tmp_path / "callcenter.toml"
    file.write_text('[sip]\nbind = "0.0.0.0"\nexternal_address = "203.0.113.7"\n')
    assert plans.switch_plan(load(file, {}), SWITCH).local_nets == ()
