"""Settings: what is refused, where it says so, and in which language."""

from pathlib import Path

import pytest

from callcenter.cli import demo
from callcenter.settings import Settings, SettingsError, load, read

pytestmark = pytest.mark.service

FILE = Path("/centre/callcenter.toml")
TRUNK = '[[trunks]]\nname = "carrier"\nhosts = ["198.51.100.1"]\n'


def problems(text: str, **environment: str) -> list[str]:
    """What is complained about, without the folder."""
    with pytest.raises(SettingsError) as refused:
        read(FILE, text, environment)
    return str(refused.value).replace("/centre/", "").splitlines()


def sound(text: str, **environment: str) -> Settings:
    return read(FILE, text, environment)


@pytest.mark.parametrize(
    ("text", "write"),
    [
        ("[database]\nkeep_facts_days = -1", "a number in 1 … 36500"),
        ("[database]\nkeep_facts_days = 0", "a number in 1 … 36500"),
        ('[edge]\nbind = "localhost"', 'an address, such as "127.0.0.1"'),
        ('[sip]\nbind = ""', 'an address, such as "127.0.0.1"'),
        ("[http]\nport = 99999", "a number in 1 … 65535"),
        ("[switch]\nami_port = 0", "a number in 1 … 65535"),
        ("[switch]\nmax_calls = -5", "a number in 1 … 1000000"),
        ("[switch]\nmax_call_seconds = -1", "a number in 1 …"),
        ('[switch]\nsystem_name = "CC 1"', "1 to 16 of a-z 0-9"),
        ('[centre]\nregion = "Germany"', 'two capital letters, such as "DE"'),
        ('[sip]\nlocal_nets = ["10.0.0.0/8", "home"]', 'a network, such as "10.0.0.0/8"'),
        ('[sip]\nlocal_nets = ["10.0.0.0/8", 3]', "a text in quotes"),
        ('[sip]\nexternal_address = "my host"', "an address or a name"),
        ("[sip]\nport = true", "a whole number"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_write(text: str, write: str) -> None:
    [said] = problems(text)
    assert said.startswith("callcenter.toml:2: [")
    assert f": write {write}" in said


@pytest.mark.parametrize(
    ("line", "write"),
    [
        ("qualify_seconds = -1", "a number in 0 … 86400"),
        ("max_calls = -1", "a number in 0 …"),
        ("port = 70000", "a number in 1 … 65535"),
        ('codecs = ["g729"]', 'one of "ulaw", "alaw", "opus", "g722", "slin16"'),
        ("codecs = []", 'a list, such as ["alaw"]'),
        ('language = "English"', '"en" or "zh"'),
    ],
)
def test_a_trunk_that_cannot_be_is_refused_with_what_to_write(line: str, write: str) -> None:
    [said] = problems(TRUNK + line)
    assert said.startswith("callcenter.toml:4: [trunks] ")
    assert f": write {write}" in said


def test_an_empty_file_is_sound_and_so_are_the_ends_of_ranges() -> None:
    assert sound("").http.port == 8081
    assert sound("[http]\nport = 65535").http.port == 65535
    assert sound("[database]\nkeep_facts_days = 1").database.keep_facts_days == 1
    assert sound('[edge]\nbind = "::1"').edge.bind == "::1"
    assert sound(TRUNK + "qualify_seconds = 0\nmax_calls = 0").trunks[0].qualify_seconds == 0


def test_the_line_is_the_one_in_its_own_section() -> None:
    text = "[http]\nport = 8081\n\n[edge]\nport = 8080\n\n[sip]\nport = 99999\n"
    assert problems(text) == [
        "callcenter.toml:8: [sip] port: write a number in 1 … 65535",
    ]


def test_the_line_is_the_one_of_its_own_trunk() -> None:
    text = TRUNK + "port = 5060\n" + TRUNK + "port = 5061\n\n[[trunks]]\nname = 'third'\nport = 0\n"
    assert problems(text) == [
        "callcenter.toml:12: [trunks] port: write a number in 1 … 65535",
        "callcenter.toml:10: [[trunks]] needs hosts",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# a\nsip = {port = 0}\n", 2),
        ("# a\n\nsip.port = 0\n", 3),
        ('# a\n[ "sip" ] # mine\n"port" = 0\n', 3),
        ("[sip]\nlocal_nets = [\n  '10.0.0.0/8',\n]\nport = 0", 5),
    ],
)
def test_the_line_is_found_in_every_way_of_writing(text: str, line: int) -> None:
    assert problems(text)[0].startswith(f"callcenter.toml:{line}: [sip] port")


def test_a_value_of_the_environment_is_not_blamed_on_the_file() -> None:
    text = "[sip]\nport = 5070\n"
    assert problems(text, CALLCENTER_SIP_PORT="many") == [
        "environment: CALLCENTER_SIP_PORT: [sip] port: write a whole number"
    ]
    assert sound("[sip]\nport = 0\n", CALLCENTER_SIP_PORT="5080").sip.port == 5080


def test_a_name_in_the_environment_that_is_no_setting_is_refused() -> None:
    [said] = problems("", CALLCENTER_SIP_PROT="5070", LANG="C")
    assert said.startswith("environment: CALLCENTER_SIP_PROT: there is no such setting")
    assert said.endswith("did you mean CALLCENTER_SIP_PORT?")


def test_names_that_the_command_line_reads_are_left_to_it() -> None:
    names = ("CALLCENTER_CONFIG", demo.SEED, demo.IMPOSTOR, demo.PORTS, demo.DATABASE)
    sound("", **dict.fromkeys(names, "x"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sip]\nrtp_first = 20000\n", "callcenter.toml:2: [sip] there is no room"),
        ("[sip]\nrtp_first = 20\nrtp_last = 10\n", "callcenter.toml:3: [sip] there is no room"),
        ("\n[edge]\ncertificate = 'a.pem'\n", "callcenter.toml:3: [edge] certificate and private"),
        ("\n[sip]\nprivate_key = 'a.key'\n", "callcenter.toml:3: [sip] certificate and private"),
        ("[database]\nlease = true\n", "callcenter.toml:2: [database] lease needs a PostgreSQL"),
        (
            "[database]\nurl = 'sqlite:////a/b.db'\nlease = true\n",
            "callcenter.toml:3: [database] lease needs a PostgreSQL",
        ),
        (TRUNK + "kind = 'registering'\n", "callcenter.toml:4: [trunks] a registering trunk needs"),
    ],
)
def test_what_does_not_go_together_is_refused(text: str, said: str) -> None:
    [problem] = problems(text)
    assert problem.startswith(said)


def test_a_self_signed_certificate_needs_no_key() -> None:
    assert sound('[edge]\ncertificate = "self-signed"').edge.private_key == ""


def test_everything_is_said_at_once_and_in_both_languages() -> None:
    with pytest.raises(SettingsError) as refused:
        read(FILE, "[sip]\nprot = 1\n[centre]\nregion = 'de'\n[centra]\n", {})
    english, chinese = refused.value.text("en"), refused.value.text("zh")
    assert "[sip] knows no 'prot'; did you mean port?" in english
    assert "callcenter.toml:2: [sip] 中没有 'prot'；是否想写 port？" in chinese
    assert "callcenter.toml:4: [centre] region：请写两个大写字母" in chinese
    assert "没有 [centra] 这一节；是否想写 centre？" in chinese
    assert len(english.splitlines()) == len(chinese.splitlines()) == 3


def test_what_is_no_toml_is_refused_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "callcenter.toml"
    path.write_text("[sip]\nport = \n")
    with pytest.raises(SettingsError, match=r"callcenter\.toml:2: Invalid value"):
        load(path, {})


def test_a_secret_is_in_no_complaint() -> None:
    said = problems("[edge]\nturn_secret = ['hush-hush']\n[database]\nurl = 7\n")
    assert len(said) == 2
    assert "hush" not in "".join(said)


@pytest.mark.parametrize("seconds", [0, 10, 60, 86400])
def test_the_centre_calls_itself_never_or_not_too_often(seconds: int) -> None:
    text = f"[watch]\nsynthetic_call_seconds = {seconds}"
    assert sound(text).watch.synthetic_call_seconds == seconds
    assert sound("").watch.synthetic_call_seconds == 0


@pytest.mark.parametrize(
    ("line", "write"),
    [
        ("synthetic_call_seconds = 5", "a number in 10 … 86400, or 0 for none"),
        ("synthetic_call_seconds = -1", "a number in 10 … 86400, or 0 for none"),
        ("disk_free_percent = 95", "a number in 1 … 90"),
        ("backlog = 0", "a number in 10 … 1000000"),
    ],
)
def test_a_watch_that_cannot_be_is_refused_with_what_to_write(line: str, write: str) -> None:
    [said] = problems(f"[watch]\n{line}\n")
    assert said.startswith("callcenter.toml:2: [watch] ")
    assert said.endswith(f"write {write}")
