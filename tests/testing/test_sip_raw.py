"""What a raw request looks like, and how replies are read."""

import pytest

from callcenter.testing.sip_raw import RawSip, Reply, Request, parse_reply, sdp_offer

pytestmark = pytest.mark.core


def request(**changed: object) -> Request:
    usual: dict[str, object] = {
        "method": "OPTIONS",
        "uri": "sip:1@switch",
        "sender": "<sip:a@b>",
        "recipient": "<sip:1@switch>",
        "source": "127.0.0.9:4000",
        "call_id": "id-1",
        "tag": "t1",
        "branch": "z9hG4bK1",
    }
    return Request(**(usual | changed))  # type: ignore[arg-type]


def test_a_request_has_the_usual_headers() -> None:
    assert request().render() == (
        b"OPTIONS sip:1@switch SIP/2.0\r\n"
        b"Via: SIP/2.0/UDP 127.0.0.9:4000;branch=z9hG4bK1;rport\r\n"
        b"Max-Forwards: 70\r\n"
        b"From: <sip:a@b>;tag=t1\r\n"
        b"To: <sip:1@switch>\r\n"
        b"Call-ID: id-1\r\n"
        b"CSeq: 1 OPTIONS\r\n"
        b"Contact: <sip:raw@127.0.0.9:4000>\r\n"
        b"Content-Length: 0\r\n\r\n"
    )


def test_a_given_header_takes_the_place_of_the_usual_one_as_it_is() -> None:
    packet = request(headers=[("CSeq", "x"), ("cseq", b"\xff"), ("X", "")]).render()
    assert b"CSeq: x\r\ncseq: \xff\r\nX: \r\n" in packet
    assert b"OPTIONS\r\n" not in packet


def test_bytes_go_out_as_they_are() -> None:
    packet = request(uri=b"sip:\xff@x", sender=b'"\xc3" <sip:a@b>').render()
    assert packet.startswith(b"OPTIONS sip:\xff@x SIP/2.0\r\n")
    assert b'From: "\xc3" <sip:a@b>;tag=t1\r\n' in packet


def test_a_body_says_what_and_how_long_it_is() -> None:
    offer = sdp_offer("127.0.0.9", 4002, payloads=(8,))
    packet = request(body=offer).render()
    assert f"Content-Type: application/sdp\r\nContent-Length: {len(offer)}\r\n".encode() in packet
    assert packet.endswith(b"m=audio 4002 RTP/AVP 8\r\na=sendrecv\r\n")


def test_a_reply_is_read_with_repeated_headers_and_a_body() -> None:
    reply = parse_reply(b"SIP/2.0 401 Unauthorized\r\nVia: a:1\r\nVia:b\r\nTo: \xff\r\n\r\nbody")
    assert reply == Reply(
        401,
        "Unauthorized",
        (("Via", "a:1"), ("Via", "b"), ("To", "\N{REPLACEMENT CHARACTER}")),
        b"body",
    )
    assert reply.header("via") == "a:1"
    with pytest.raises(KeyError, match="no Contact in this 401 reply"):
        reply.header("Contact")


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0\xff",
        b"OPTIONS sip:x SIP/2.0\r\n\r\n",
        b"SIP/2.0 abc X\r\n\r\n",
        b"SIP/2.0 20 X\r\n\r\n",
    ],
)
def test_anything_else_is_no_reply(packet: bytes) -> None:
    assert parse_reply(packet) is None


def test_a_socket_that_is_not_open_says_how_to_open_it() -> None:
    with pytest.raises(RuntimeError, match="async with RawSip"):
        RawSip("127.0.0.9", ("127.0.0.1", 5060)).send(b"")
