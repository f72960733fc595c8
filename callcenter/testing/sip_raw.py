"""SIP by hand: requests that no decent phone would send, from any loopback address.

For hostile cases: forged identities, broken packets, absurd lengths, bytes that are no text. So
nothing here checks what is sent; values may be bytes, and headers keep their order and repetitions.
Replies are read with care, since the switch is under test too. UDP only (RFC 3261).
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Self

Text = str | bytes
Header = tuple[str, Text]

SOON = timedelta(seconds=5)


class NoReply(Exception):
    """The deadline passed without a final reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One response, as it came."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The first header of that name, in any case; KeyError names what is missing."""
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        raise KeyError(f"no {name} in this {self.status} reply")


@dataclass(frozen=True, slots=True)
class Request:
    """A request to be rendered as it stands. The usual headers are made where `headers` names none.

    `sender` and `recipient` are whole values of From and To; `contact` that of Contact.
    """

    method: str
    uri: Text
    sender: Text
    recipient: Text
    source: str
    contact: Text = ""
    headers: Sequence[Header] = ()
    body: bytes = b""
    call_id: str = field(default_factory=lambda: secrets.token_hex(8))
    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    branch: str = field(default_factory=lambda: _new_branch())
    number: int = 1

    def render(self) -> bytes:
        """The packet."""
        given = {name.lower() for name, _value in self.headers}
        usual: list[Header] = [
            ("Via", f"SIP/2.0/UDP {self.source};branch={self.branch};rport"),
            ("Max-Forwards", "70"),
            ("From", _bytes(self.sender) + f";tag={self.tag}".encode()),
            ("To", self.recipient),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self.number} {self.method}"),
            ("Contact", self.contact or f"<sip:raw@{self.source}>"),
            *([("Content-Type", "application/sdp")] if self.body else []),
            ("Content-Length", str(len(self.body))),
        ]
        lines = [self.method.encode() + b" " + _bytes(self.uri) + b" SIP/2.0"]
        for name, value in [h for h in usual if h[0].lower() not in given] + list(self.headers):
            lines.append(name.encode() + b": " + _bytes(value))
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


def sdp_offer(address: str, port: int, *, payloads: Sequence[int] = (0, 8)) -> bytes:
    """A plain audio offer: PCMU and PCMA. Nobody needs to listen at the port."""
    formats = " ".join(str(payload) for payload in payloads)
    return (
        f"v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {formats}\r\na=sendrecv\r\n"
    ).encode()


def parse_reply(packet: bytes) -> Reply | None:
    """A response, or None for anything else (a request of the switch's own, or rubbish)."""
    head, _, body = packet.partition(b"\r\n\r\n")
    first, *rest = head.decode("utf-8", "replace").split("\r\n")
    version, _, status_line = first.partition(" ")
    status, _, reason = status_line.partition(" ")
    if version != "SIP/2.0" or not (len(status) == 3 and status.isdecimal()):
        return None
    pairs = (line.partition(":") for line in rest)
    return Reply(
        int(status), reason, tuple((n.strip(), value.strip()) for n, _, value in pairs), body
    )


class RawSip:
    """A UDP socket of a hostile neighbour: `async with RawSip("127.0.0.9", ("127.0.0.1", 5060))`.

    `port` 0 takes any free one.
    """

    def __init__(self, address: str, target: tuple[str, int], *, port: int = 0) -> None:
        self._address = address
        self._port = port
        self._target = target
        self._packets: asyncio.Queue[bytes] = asyncio.Queue()
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Mailbox(self._packets), local_addr=(self._address, self._port)
        )
        self._port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def source(self) -> str:
        """host:port the packets come from, for Via and Contact."""
        return f"{self._address}:{self._port}"

    def request(
        self,
        method: str,
        uri: Text,
        *,
        sender: Text = "<sip:stranger@stranger.invalid>",
        recipient: Text = "",
        contact: Text = "",
        headers: Sequence[Header] = (),
        body: bytes = b"",
    ) -> Request:
        """A request from this socket; `recipient` is `<uri>` unless given."""
        return Request(
            method,
            uri,
            sender,
            recipient or b"<" + _bytes(uri) + b">",
            self.source,
            contact,
            headers,
            body,
        )

    def send(self, packet: bytes) -> None:
        """Send bytes as they are. Loopback takes up to 65,507."""
        if self._transport is None:
            raise RuntimeError("open the socket first: async with RawSip(...) as sip")
        self._transport.sendto(packet, self._target)

    async def ask(self, request: Request, within: timedelta = SOON) -> Reply:
        """Send a request and return its final reply; an INVITE's is acknowledged.

        Raises NoReply: for a broken request that is often the right outcome.
        """
        self.send(request.render())
        replies = await self.replies(within, until_final=True)
        final = next((reply for reply in replies if reply.status >= 200), None)
        if final is None:
            raise NoReply(
                f"no final reply to {request.method} within {within.total_seconds():g} s;"
                f" provisional ones: {[reply.status for reply in replies]}"
            )
        if request.method == "INVITE":
            self.send(_follow_up(request, final, "ACK").render())
        return final

    async def hang_up(self, invite: Request, answer: Reply, within: timedelta = SOON) -> Reply:
        """End a call that `ask` got a 200 for."""
        return await self.ask(_follow_up(invite, answer, "BYE", number=invite.number + 1), within)

    async def replies(self, within: timedelta, *, until_final: bool = False) -> list[Reply]:
        """What comes back within a time, up to the first final reply if so wished."""
        got: list[Reply] = []
        try:
            async with asyncio.timeout(within.total_seconds()):
                while not (until_final and got and got[-1].status >= 200):
                    reply = parse_reply(await self._packets.get())
                    if reply is not None:
                        got.append(reply)
        except TimeoutError:
            pass
        return got


class _Mailbox(asyncio.DatagramProtocol):
    def __init__(self, packets: asyncio.Queue[bytes]) -> None:
        self._packets = packets

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._packets.put_nowait(data)


def _follow_up(invite: Request, reply: Reply, method: str, number: int | None = None) -> Request:
    """ACK or BYE. The ACK of a refusal belongs to the INVITE's transaction and keeps its branch."""
    refused = reply.status >= 300
    contact = next((value for name, value in reply.headers if name.lower() == "contact"), "")
    target = contact.partition("<")[2].partition(">")[0] or contact
    return Request(
        method,
        invite.uri if refused or not target else target,
        invite.sender,
        reply.header("To"),
        invite.source,
        invite.contact,
        call_id=invite.call_id,
        tag=invite.tag,
        number=number or invite.number,
        branch=invite.branch if refused else _new_branch(),
    )


def _new_branch() -> str:
    return f"z9hG4bK{secrets.token_hex(8)}"


def _bytes(text: Text) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
