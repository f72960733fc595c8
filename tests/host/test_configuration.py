"""Plans, templates, secrets and the rendered configuration of the switch."""

import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from callcenter.host.plan import PlanError, SwitchPlan, Trunk
from callcenter.host.render import find_templates, render_instance
from callcenter.host.secret_file import FILE, SecretsUnreadable, ensure_secrets
from callcenter.host.template import Block, TemplateError, render

pytestmark = pytest.mark.service


@pytest.fixture
def plan(tmp_path: Path) -> SwitchPlan:
    data = tmp_path / "given/data"
    (data / "documentation").mkdir(parents=True)
    (data / "sounds/en_US_f_Allison").mkdir(parents=True)
    return SwitchPlan(
        run_folder=tmp_path / "run",
        modules_dir=tmp_path / "given/modules",
        data_dir=data,
        sounds_dir=data / "sounds",
        moh_dir=tmp_path / "given/music",
    )


def carrier(**changes: Any) -> Trunk:
    return replace(Trunk("carrier", ("sip.example.test", "192.0.2.0/24")), **changes)


def rendered(plan: SwitchPlan, name: str) -> str:
    render_instance(plan)
    return (plan.etc_dir / name).read_text()


# --- templates


def test_a_placeholder_is_replaced_and_dialplan_variables_are_left_alone() -> None:
    text = render("Set(A=${EPOCH}) ; {{ port }}", {"port": 5060}, source="x")
    assert text == "Set(A=${EPOCH}) ; 5060\n"


def test_a_name_without_a_value_is_an_error_with_file_and_line() -> None:
    with pytest.raises(TemplateError, match=r"rtp\.conf:2: nothing is called \{\{prot\}\}.*port"):
        render("a\n{{prot}}", {"port": 1}, source="rtp.conf")


@pytest.mark.parametrize("evil", ["a\nallow=all", "a\r", "a\0b", "\x1b[2J"])
def test_a_value_cannot_bring_a_line_of_its_own(evil: str) -> None:
    with pytest.raises(TemplateError, match="x:1: secret holds a control character"):
        render("password = {{secret}}", {"secret": evil}, source="x")


def test_a_value_cannot_begin_a_comment() -> None:
    assert render("{{a}}", {"a": "x;y"}, source="x") == "x\\;y\n"


def test_a_value_is_not_read_for_placeholders_again() -> None:
    assert render("{{a}}", {"a": "{{b}}", "b": "no"}, source="x") == "{{b}}\n"


def test_blocks_keep_their_lines_and_truth_becomes_yes() -> None:
    assert render("{{a}} {{b}}", {"a": Block("1\n2\n"), "b": True}, source="x") == "1\n2 yes\n"


# --- secrets


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    first = ensure_secrets(tmp_path, ["ari_password"])
    more = ensure_secrets(tmp_path, ["ari_password", "session_key"])
    assert more["ari_password"] == first["ari_password"] != more["session_key"]
    assert len(more["session_key"]) >= 43
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}'])
def test_a_damaged_file_of_secrets_says_how_to_mend_it(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(SecretsUnreadable, match="Remove it"):
        ensure_secrets(tmp_path, ["a"])


# --- plans


@pytest.mark.parametrize(
    "changes, complaint",
    [
        ({"name": "Main Carrier"}, "a-z 0-9"),
        ({"name": "a]\n[b"}, "a-z 0-9"),
        ({"hosts": ()}, "hosts is empty"),
        ({"hosts": ("example.test; allow=all",)}, "no address or name"),
        ({"hosts": ("192.0.2.0/24",)}, "must not be a network"),
        ({"codecs": ("g729",)}, "g729.*there are ulaw"),
        ({"kind": "registering"}, "username and secret"),
        ({"username": "a;b"}, "username must not hold"),
        ({"port": 0}, "port is 0"),
        ({"max_calls": -1}, "max_calls"),
    ],
)
def test_a_bad_trunk_is_refused_by_name_and_setting(
    changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(PlanError, match=complaint):
        carrier(**changes)


def test_the_secret_of_a_trunk_is_not_shown() -> None:
    assert "hush" not in repr(carrier(secret="hush"))


OWN_CERTIFICATE = {"certificate": Path("c.pem"), "private_key": Path("k.pem")}


@pytest.mark.parametrize(
    "changes, complaint",
    [
        ({"sip_port": 70000}, "sip_port is 70000"),
        ({"sip_bind": "everywhere"}, "sip_bind"),
        ({"rtp_first": 20000, "rtp_last": 20001}, "no room"),
        ({"local_nets": ("192.168.0.0/99",)}, "local_nets"),
        ({"certificate": Path("c.pem")}, "go together"),
        ({"system_name": "a b"}, "system_name"),
        ({"trunks": (carrier(), carrier())}, "same name"),
        ({"trunks": (carrier(transport="tls"),)}, "needs certificate"),
        ({"trunks": (carrier(transport="tls"),), **OWN_CERTIFICATE}, "needs authorities"),
    ],
)
def test_a_bad_plan_is_refused_by_setting(
    plan: SwitchPlan, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(PlanError, match=complaint):
        replace(plan, **changes)


# --- what is rendered


def test_everything_is_readable_by_its_user_alone(plan: SwitchPlan) -> None:
    render_instance(replace(plan, trunks=(carrier(),)))
    files = [path for path in plan.etc_dir.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(plan.etc_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(plan.state_dir.stat().st_mode) == 0o700


def test_every_template_lands_and_no_placeholder_is_left(plan: SwitchPlan) -> None:
    render_instance(replace(plan, trunks=(carrier(),)))
    names = {path.name for path in (find_templates() / "dialplan").glob("*.conf")}
    assert names == {path.name for path in (plan.etc_dir / "dialplan").iterdir()}
    everything = "".join(path.read_text() for path in plan.etc_dir.rglob("*.conf"))
    assert "{{" not in everything


def test_a_second_rendering_keeps_secrets_and_names_and_drops_what_is_gone(
    plan: SwitchPlan,
) -> None:
    with_trunk = replace(plan, trunks=(carrier(),))
    first = render_instance(with_trunk)
    (plan.etc_dir / "by-hand.conf").touch()
    assert render_instance(with_trunk) == first
    assert not (plan.etc_dir / "by-hand.conf").exists()


def test_two_installations_share_no_secret_and_no_trunk_name(plan: SwitchPlan) -> None:
    one = replace(plan, trunks=(carrier(),))
    two = replace(one, run_folder=plan.run_folder.with_name("other"))
    here, there = render_instance(one), render_instance(two)
    assert here.ari_password != there.ari_password
    assert here.trunk_endpoints != there.trunk_endpoints


def test_passwords_are_not_in_what_gets_logged(plan: SwitchPlan) -> None:
    instance = render_instance(plan)
    assert instance.ari_password not in repr(instance)
    assert instance.ari_password in (plan.etc_dir / "ari.conf").read_text()


def test_nothing_listens_beyond_loopback_unless_told(plan: SwitchPlan) -> None:
    render_instance(replace(plan, trunks=(carrier(),)))
    everything = "".join(path.read_text() for path in plan.etc_dir.rglob("*.conf"))
    binds = {
        line.split("=")[1].strip().partition(":")[0]
        for line in everything.splitlines()
        if line.startswith(("bind =", "bindaddr =", "media_address ="))
    }
    assert binds == {"127.0.0.1"}


def test_exposing_tells_the_outside_address_on_every_transport(plan: SwitchPlan) -> None:
    open_plan = replace(
        plan,
        sip_bind="0.0.0.0",
        external_address="203.0.113.7",
        local_nets=("192.168.0.0/16",),
        certificate=Path("/c.pem"),
        private_key=Path("/k.pem"),
        trunks=(carrier(),),
    )
    text = rendered(open_plan, "pjsip.conf")
    assert text.count("external_media_address = 203.0.113.7") == 3
    assert text.count("local_net = 192.168.0.0/16") == 3
    assert "bind = 0.0.0.0:5061" in text
    assert "bind_rtp_to_media_address" not in text
    assert "bindaddr = 127.0.0.1" in (plan.etc_dir / "http.conf").read_text()


def test_a_trunk_is_known_by_address_only_and_may_not_transfer(plan: SwitchPlan) -> None:
    text = rendered(replace(plan, trunks=(carrier(),)), "pjsip.conf")
    for line in (
        "identify_by = ip",
        "match = sip.example.test",
        "match = 192.0.2.0/24",
        "allow_transfer = no",
        "allow_subscribe = no",
        "timers = always",
        "rtp_timeout = 60",
        "endpoint_identifier_order = auth_username,username,ip",
    ):
        assert f"\n{line}\n" in text
    assert "type = registration" not in text
    assert "[carrier]" not in text


def test_a_registering_trunk_signs_in_and_the_rest_does_not(plan: SwitchPlan) -> None:
    signing_in = carrier(kind="registering", username="us", secret="p;w", trust_identity=True)
    plan = replace(plan, trunks=(signing_in, Trunk("plain", ("192.0.2.9",))))
    text = rendered(plan, "pjsip.conf")
    assert text.count("type = registration") == 1
    assert "client_uri = sip:us@sip.example.test" in text
    assert "password = p\\;w" in text
    # Carriers find the customer by From, and refuse a caller's number there.
    assert text.count("from_user = us\nfrom_domain = sip.example.test\n") == 1
    assert text.count("from_user") == 1
    assert text.count("trust_id_inbound = yes") == 1


def test_sounds_are_found_under_their_language_and_prompts_under_cc(
    plan: SwitchPlan, tmp_path: Path
) -> None:
    render_instance(replace(plan, prompts_dir=tmp_path / "prompts"))
    sounds = plan.state_dir / "data/sounds"
    assert (sounds / "en").resolve().name == "en_US_f_Allison"
    assert (sounds / "cc").readlink() == tmp_path / "prompts"
    assert (plan.state_dir / "data/documentation").is_dir()


DOCUMENTATION = """<docs><module name="m"/><configInfo name="c"><all/></configInfo>
<application name="Dial"><synopsis>Call.</synopsis><description>Long.</description></application>
<managerEvent name="E"/></docs>"""


def test_the_documentation_is_cut_to_what_a_start_needs(plan: SwitchPlan) -> None:
    original = plan.data_dir / "documentation/core-en_US.xml"
    original.write_text(DOCUMENTATION)
    render_instance(plan)
    short = (plan.state_dir / "data/documentation/core-en_US.xml").read_text()
    assert '<configInfo name="c"><all /></configInfo>' in short
    assert '<application name="Dial"><synopsis>Call.</synopsis></application>' in short
    assert "Long." not in short
    assert "managerEvent" not in short
    original.write_text(DOCUMENTATION.replace("Call.", "Call somebody."))
    render_instance(plan)
    again = (plan.state_dir / "data/documentation/core-en_US.xml").read_text()
    assert "Call somebody." in again


def test_documentation_that_cannot_be_read_is_left_to_asterisk(plan: SwitchPlan) -> None:
    (plan.data_dir / "documentation/core-en_US.xml").write_text("<docs>")
    render_instance(plan)
    assert (plan.state_dir / "data/documentation").readlink() == plan.data_dir / "documentation"


def test_the_control_socket_stays_within_what_the_kernel_allows(plan: SwitchPlan) -> None:
    deep = replace(plan, run_folder=plan.run_folder / ("deep" * 30))
    [line] = [
        line
        for line in rendered(deep, "asterisk.conf").splitlines()
        if line.startswith("astrundir")
    ]
    control = Path(line.split("=> ")[1])
    assert len(str(control / "asterisk.ctl")) < 108
    assert stat.S_IMODE(control.stat().st_mode) == 0o700
    control.rmdir()


def test_secrets_survive_as_json_that_people_can_read(plan: SwitchPlan) -> None:
    render_instance(replace(plan, trunks=(carrier(),)))
    assert set(json.loads((plan.run_folder / FILE).read_text())) == {
        "ari_password",
        "monitor_password",
        "trunk_carrier",
    }
