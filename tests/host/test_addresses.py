"""What browsers are told to send their sound to."""

from pathlib import Path

import pytest

from callcenter.host.addresses import ipv4_of, offered_to_browsers, own_addresses, reached_at

pytestmark = pytest.mark.service

ONE = "198.51.100.7"
OTHER = "10.0.0.4"
OUTSIDE = "203.0.113.9"
# As Linux shows it: every address once in the main table and once in the local one.
TABLE = f"""Main:
  +-- 0.0.0.0/0 3 0 5
     +-- 127.0.0.0/31 1 0 0
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
     |-- {ONE}
        /32 host LOCAL
     |-- 198.51.100.255
        /32 link BROADCAST
     |-- 198.51.100.0
        /24 link UNICAST
Local:
     |-- {ONE}
        /32 host LOCAL
     |-- {OTHER}
        /32 host LOCAL
"""


def test_own_addresses_are_those_of_the_cards_each_once(tmp_path: Path) -> None:
    table = tmp_path / "fib_trie"
    table.write_text(TABLE)
    assert own_addresses(table) == (OTHER, ONE)


def test_a_kernel_that_does_not_say_has_no_addresses(tmp_path: Path) -> None:
    assert own_addresses(tmp_path / "none") == ()


@pytest.mark.parametrize(
    ("bind", "external", "offered"),
    [
        ("127.0.0.1", "", ((OTHER, "127.0.0.1"), (ONE, "127.0.0.1"))),
        ("127.0.0.1", OUTSIDE, ((OTHER, "127.0.0.1"), (ONE, "127.0.0.1"))),
        ("0.0.0.0", "", ()),
        ("::", "", ()),
        (
            "0.0.0.0",
            OUTSIDE,
            (
                (OTHER, f"{OUTSIDE},include_local_address"),
                (ONE, f"{OUTSIDE},include_local_address"),
            ),
        ),
        ("0.0.0.0", ONE, ((OTHER, f"{ONE},include_local_address"),)),
    ],
)
def test_sound_is_asked_for_where_it_arrives(
    bind: str, external: str, offered: tuple[tuple[str, str], ...]
) -> None:
    assert offered_to_browsers(bind, external, (OTHER, ONE)) == offered


@pytest.mark.parametrize(
    ("text", "address"),
    [(OUTSIDE, OUTSIDE), ("localhost", "127.0.0.1"), ("nowhere.invalid", None), ("", None)],
)
def test_a_name_is_looked_up_since_ice_knows_addresses_only(text: str, address: str | None) -> None:
    assert ipv4_of(text) == address


def test_what_listens_everywhere_is_reached_by_every_name_of_this_machine() -> None:
    names = reached_at("0.0.0.0")
    assert names == (*own_addresses(), *names[len(own_addresses()) :])
    assert {"localhost", "127.0.0.1"} <= set(names)
    assert reached_at(ONE) == (ONE,)
