"""What the benches read from the wire."""

import socket
import struct

import pytest

from callcenter.bench.capture import read_frames

pytestmark = pytest.mark.core

SWITCH = socket.inet_aton("127.0.29.1"), 29060
CALLER = socket.inet_aton("127.0.29.2"), 29070
AGENT = socket.inet_aton("127.0.29.3"), 29300
Place = tuple[bytes, int]


def frame(source: Place, target: Place, text: str, options: bytes = b"") -> bytes:
    """UDP over IPv4 over Ethernet, as far as it is read."""
    words = 5 + len(options) // 4
    ip = bytes([0x40 | words]) + bytes(8) + bytes([17]) + bytes(2) + source[0] + target[0] + options
    return bytes(14) + ip + struct.pack("!HHHH", source[1], target[1], 0, 0) + text.encode()


def invite(number: str, user: str, branch: str, to_tag: str = "") -> str:
    return (
        f"INVITE sip:{user}@127.0.29.3:29300 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.29.1:29060;rport;branch={branch}\r\n"
        f'From: "A ""B"" C" <sip:{number}@127.0.29.1>;tag=x1\r\n'
        f"To: <sip:{user}@127.0.29.3>{to_tag}\r\nCall-ID: {branch}@x\r\nCSeq: 1 INVITE\r\n\r\n"
    )


def test_a_join_is_matched_with_its_ring_by_the_callers_number() -> None:
    seen = read_frames(
        [
            (10.000, frame(CALLER, SWITCH, invite("+49301", "4000", "c1"))),
            (10.001, frame(CALLER, SWITCH, invite("+49302", "4000", "c2"))),
            (10.004, frame(SWITCH, AGENT, invite("+49302", "agent-a2", "a2"))),
            (10.007, frame(SWITCH, AGENT, invite("+49301", "agent-a1", "a1"))),
        ],
        SWITCH,
    )

    assert seen.join_to_ring() == pytest.approx({"+49301": 0.007, "+49302": 0.003})
    assert [ring.user for ring in seen.rings()] == ["agent-a2", "agent-a1"]
    assert seen.again == 0


def test_a_repeated_invite_is_counted_as_such_and_the_first_one_is_timed() -> None:
    seen = read_frames(
        [
            (10.0, frame(CALLER, SWITCH, invite("+49301", "4000", "c1"))),
            (10.5, frame(CALLER, SWITCH, invite("+49301", "4000", "c1"))),
            (10.6, frame(SWITCH, AGENT, invite("+49301", "agent-a1", "a1"))),
            (11.1, frame(SWITCH, AGENT, invite("+49301", "agent-a1", "a1"))),
        ],
        SWITCH,
    )

    assert seen.join_to_ring() == pytest.approx({"+49301": 0.6})
    assert (len(seen.rings()), seen.again) == (1, 2)


def test_a_second_agent_rung_for_one_call_is_a_second_ring() -> None:
    seen = read_frames(
        [
            (10.0, frame(CALLER, SWITCH, invite("+49301", "4000", "c1"))),
            (10.1, frame(SWITCH, AGENT, invite("+49301", "agent-a1", "a1"))),
            (12.1, frame(SWITCH, AGENT, invite("+49301", "agent-a2", "a2"))),
        ],
        SWITCH,
    )

    assert len(seen.rings()) == 2
    assert seen.join_to_ring() == pytest.approx({"+49301": 0.1})


def test_invites_inside_a_call_and_those_of_others_are_left_out() -> None:
    elsewhere = socket.inet_aton("127.0.0.1"), 29060
    seen = read_frames(
        [
            (10.0, frame(SWITCH, AGENT, invite("+49301", "agent-a1", "a1", ";tag=y"))),
            (10.1, frame(CALLER, elsewhere, invite("+49301", "4000", "c9"))),
            (10.2, frame(CALLER, SWITCH, "INVITE nonsense")),
        ],
        SWITCH,
        dropped=4,
    )

    assert seen.invites == ()
    assert seen.dropped == 4


def test_an_ip_header_with_options_is_read_over() -> None:
    text = invite("+49301", "4000", "c1")
    seen = read_frames([(10.0, frame(CALLER, SWITCH, text, options=bytes(8)))], SWITCH)

    assert [one.number for one in seen.invites] == ["+49301"]
