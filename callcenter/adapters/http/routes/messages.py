"""Messages that callers left because nobody could take their call, and what they said."""

from datetime import datetime
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from callcenter.adapters.http.routing import API, Answer, Asked, Right, Routes
from callcenter.adapters.http.shapes import Line, Listing, Shape
from callcenter.core.access import Action
from callcenter.core.errors import Invalid
from callcenter.core.ids import CallId
from callcenter.ports.messages import Message, Messages, NoSuchMessage, Sounds
from callcenter.ports.store import StoreAway

_READ: Final = Right(Action.READ_MESSAGES)
_WAV: Final = "audio/wav"


class MessageQuery(Shape):
    """How many, and below which place: `older` of the page before."""

    limit: Annotated[int, Field(ge=1, le=500)] = 50
    older: Line | None = None


class MessageShown(Shape):
    """A message. `id` is its call's too; `received_at`: when it was taken in; `sha256` and `size` are of
    the sound. `queue` is the one that the caller waited in, `language` theirs, where a flow took it."""

    id: str
    ani: str
    dnis: str
    arrived_at: datetime
    received_at: datetime
    duration_seconds: float
    sha256: str
    size: int
    queue: str | None
    language: str


class MessageListing(Listing[MessageShown]):
    """Messages, the newest first; `older` asks for the next page, null at the end."""

    older: str | None


def message_routes(messages: Messages, sounds: Sounds) -> Routes:
    routes = Routes("messages")

    @routes.add(
        "GET",
        f"{API}/messages",
        "Messages that callers left",
        takes=MessageQuery,
        gives=MessageListing,
        needs=_READ,
        errors=(Invalid, StoreAway),
    )
    async def list_messages(asked: Asked[MessageQuery]) -> Answer:
        page = await messages.recent(limit=asked.body.limit, older=asked.body.older)
        return MessageListing(items=[_shown(one) for one in page.messages], older=page.older)

    @routes.add(
        "GET",
        f"{API}/messages/{{message_id}}",
        "One message",
        gives=MessageShown,
        needs=_READ,
        errors=(NoSuchMessage, StoreAway),
    )
    async def read_message(asked: Asked[None]) -> Answer:
        return _shown(await messages.find(CallId(asked.path("message_id"))))

    @routes.add(
        "GET",
        f"{API}/messages/{{message_id}}/sound",
        "What was said, as a WAV file",
        produces=_WAV,
        needs=_READ,
        errors=(NoSuchMessage, StoreAway),
    )
    async def read_sound(asked: Asked[None]) -> Answer:
        message = await messages.find(CallId(asked.path("message_id")))
        return web.Response(body=await sounds.read(message), content_type=_WAV)

    return routes


def _shown(message: Message) -> MessageShown:
    return MessageShown(
        id=message.call,
        ani=message.ani,
        dnis=message.dnis,
        arrived_at=message.arrived_at,
        received_at=message.received_at,
        duration_seconds=message.duration.total_seconds(),
        sha256=message.sha256,
        size=message.size,
        queue=message.queue,
        language=message.language,
    )
