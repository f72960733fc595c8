"""What the switch says unasked.

Written by scripts/generate-ari from /ari/api-docs of a running Asterisk. Do not edit: run it again.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from callcenter.adapters.asterisk.ari.generated.objects import (
    Bridge,
    Channel,
    ContactInfo,
    DeviceState,
    Endpoint,
    LiveRecording,
    Peer,
    Playback,
    ReferredBy,
    ReferTo,
    TextMessage,
)


class Message(TypedDict):
    asterisk_id: NotRequired[str]


class Event(Message):
    application: str
    timestamp: str


class MissingParams(Message):
    type: Literal["MissingParams"]
    params: list[str]


class ApplicationMoveFailed(Event):
    type: Literal["ApplicationMoveFailed"]
    args: list[str]
    channel: Channel
    destination: str


class ApplicationRegistered(Event):
    type: Literal["ApplicationRegistered"]


class ApplicationReplaced(Event):
    type: Literal["ApplicationReplaced"]


class ApplicationUnregistered(Event):
    type: Literal["ApplicationUnregistered"]


class BridgeAttendedTransfer(Event):
    type: Literal["BridgeAttendedTransfer"]
    destination_application: NotRequired[str]
    destination_bridge: NotRequired[str]
    destination_link_first_leg: NotRequired[Channel]
    destination_link_second_leg: NotRequired[Channel]
    destination_threeway_bridge: NotRequired[Bridge]
    destination_threeway_channel: NotRequired[Channel]
    destination_type: str
    is_external: bool
    replace_channel: NotRequired[Channel]
    result: str
    transfer_target: NotRequired[Channel]
    transferee: NotRequired[Channel]
    transferer_first_leg: Channel
    transferer_first_leg_bridge: NotRequired[Bridge]
    transferer_second_leg: Channel
    transferer_second_leg_bridge: NotRequired[Bridge]


class BridgeBlindTransfer(Event):
    type: Literal["BridgeBlindTransfer"]
    bridge: NotRequired[Bridge]
    channel: Channel
    context: str
    exten: str
    is_external: bool
    replace_channel: NotRequired[Channel]
    result: str
    transferee: NotRequired[Channel]


class BridgeCreated(Event):
    type: Literal["BridgeCreated"]
    bridge: Bridge


class BridgeDestroyed(Event):
    type: Literal["BridgeDestroyed"]
    bridge: Bridge


class BridgeMerged(Event):
    type: Literal["BridgeMerged"]
    bridge: Bridge
    bridge_from: Bridge


class BridgeVideoSourceChanged(Event):
    type: Literal["BridgeVideoSourceChanged"]
    bridge: Bridge
    old_video_source_id: NotRequired[str]


class CallBroadcast(Event):
    type: Literal["CallBroadcast"]
    called: NotRequired[str]
    caller: NotRequired[str]
    channel: Channel


class CallClaimed(Event):
    type: Literal["CallClaimed"]
    channel: Channel
    winner_app: str


class ChannelCallerId(Event):
    type: Literal["ChannelCallerId"]
    caller_presentation: int
    caller_presentation_txt: str
    channel: Channel


class ChannelConnectedLine(Event):
    type: Literal["ChannelConnectedLine"]
    channel: Channel


class ChannelCreated(Event):
    type: Literal["ChannelCreated"]
    channel: Channel


class ChannelDestroyed(Event):
    type: Literal["ChannelDestroyed"]
    cause: int
    cause_txt: str
    channel: Channel
    tech_cause: NotRequired[int]


class ChannelDialplan(Event):
    type: Literal["ChannelDialplan"]
    channel: Channel
    dialplan_app: str
    dialplan_app_data: str


class ChannelDtmfReceived(Event):
    type: Literal["ChannelDtmfReceived"]
    channel: Channel
    digit: str
    duration_ms: int


class ChannelEnteredBridge(Event):
    type: Literal["ChannelEnteredBridge"]
    bridge: Bridge
    channel: NotRequired[Channel]


class ChannelHangupRequest(Event):
    type: Literal["ChannelHangupRequest"]
    cause: NotRequired[int]
    channel: Channel
    soft: NotRequired[bool]
    tech_cause: NotRequired[int]


class ChannelHold(Event):
    type: Literal["ChannelHold"]
    channel: Channel
    musicclass: NotRequired[str]


class ChannelLeftBridge(Event):
    type: Literal["ChannelLeftBridge"]
    bridge: Bridge
    channel: Channel


class ChannelStateChange(Event):
    type: Literal["ChannelStateChange"]
    channel: Channel


class ChannelTalkingFinished(Event):
    type: Literal["ChannelTalkingFinished"]
    channel: Channel
    duration: int


class ChannelTalkingStarted(Event):
    type: Literal["ChannelTalkingStarted"]
    channel: Channel


class ChannelToneDetected(Event):
    type: Literal["ChannelToneDetected"]
    channel: Channel


class ChannelTransfer(Event):
    type: Literal["ChannelTransfer"]
    refer_to: ReferTo
    referred_by: ReferredBy
    state: NotRequired[str]


class ChannelUnhold(Event):
    type: Literal["ChannelUnhold"]
    channel: Channel


class ChannelUserevent(Event):
    type: Literal["ChannelUserevent"]
    bridge: NotRequired[Bridge]
    channel: NotRequired[Channel]
    endpoint: NotRequired[Endpoint]
    eventname: str
    userevent: dict[str, object]


class ChannelVarset(Event):
    type: Literal["ChannelVarset"]
    channel: NotRequired[Channel]
    value: str
    variable: str


class ContactStatusChange(Event):
    type: Literal["ContactStatusChange"]
    contact_info: ContactInfo
    endpoint: Endpoint


class DeviceStateChanged(Event):
    type: Literal["DeviceStateChanged"]
    device_state: DeviceState


class Dial(Event):
    type: Literal["Dial"]
    caller: NotRequired[Channel]
    dialstatus: str
    dialstring: NotRequired[str]
    forward: NotRequired[str]
    forwarded: NotRequired[Channel]
    peer: Channel


class EndpointStateChange(Event):
    type: Literal["EndpointStateChange"]
    endpoint: Endpoint


class PeerStatusChange(Event):
    type: Literal["PeerStatusChange"]
    endpoint: Endpoint
    peer: Peer


class PlaybackContinuing(Event):
    type: Literal["PlaybackContinuing"]
    playback: Playback


class PlaybackFinished(Event):
    type: Literal["PlaybackFinished"]
    playback: Playback


class PlaybackStarted(Event):
    type: Literal["PlaybackStarted"]
    playback: Playback


class RESTResponse(Event):
    type: Literal["RESTResponse"]
    content_type: NotRequired[str]
    message_body: NotRequired[str]
    reason_phrase: str
    request_id: str
    status_code: int
    transaction_id: str
    uri: str


class RecordingFailed(Event):
    type: Literal["RecordingFailed"]
    recording: LiveRecording


class RecordingFinished(Event):
    type: Literal["RecordingFinished"]
    recording: LiveRecording


class RecordingStarted(Event):
    type: Literal["RecordingStarted"]
    recording: LiveRecording


class StasisEnd(Event):
    type: Literal["StasisEnd"]
    channel: Channel


class StasisStart(Event):
    type: Literal["StasisStart"]
    args: list[str]
    channel: Channel
    replace_channel: NotRequired[Channel]


class TextMessageReceived(Event):
    type: Literal["TextMessageReceived"]
    endpoint: NotRequired[Endpoint]
    message: TextMessage


AnyEvent = (
    ApplicationMoveFailed
    | ApplicationRegistered
    | ApplicationReplaced
    | ApplicationUnregistered
    | BridgeAttendedTransfer
    | BridgeBlindTransfer
    | BridgeCreated
    | BridgeDestroyed
    | BridgeMerged
    | BridgeVideoSourceChanged
    | CallBroadcast
    | CallClaimed
    | ChannelCallerId
    | ChannelConnectedLine
    | ChannelCreated
    | ChannelDestroyed
    | ChannelDialplan
    | ChannelDtmfReceived
    | ChannelEnteredBridge
    | ChannelHangupRequest
    | ChannelHold
    | ChannelLeftBridge
    | ChannelStateChange
    | ChannelTalkingFinished
    | ChannelTalkingStarted
    | ChannelToneDetected
    | ChannelTransfer
    | ChannelUnhold
    | ChannelUserevent
    | ChannelVarset
    | ContactStatusChange
    | DeviceStateChanged
    | Dial
    | EndpointStateChange
    | PeerStatusChange
    | PlaybackContinuing
    | PlaybackFinished
    | PlaybackStarted
    | RESTResponse
    | RecordingFailed
    | RecordingFinished
    | RecordingStarted
    | StasisEnd
    | StasisStart
    | TextMessageReceived
)

EVENT_TYPES = frozenset(
    [
        "ApplicationMoveFailed",
        "ApplicationRegistered",
        "ApplicationReplaced",
        "ApplicationUnregistered",
        "BridgeAttendedTransfer",
        "BridgeBlindTransfer",
        "BridgeCreated",
        "BridgeDestroyed",
        "BridgeMerged",
        "BridgeVideoSourceChanged",
        "CallBroadcast",
        "CallClaimed",
        "ChannelCallerId",
        "ChannelConnectedLine",
        "ChannelCreated",
        "ChannelDestroyed",
        "ChannelDialplan",
        "ChannelDtmfReceived",
        "ChannelEnteredBridge",
        "ChannelHangupRequest",
        "ChannelHold",
        "ChannelLeftBridge",
        "ChannelStateChange",
        "ChannelTalkingFinished",
        "ChannelTalkingStarted",
        "ChannelToneDetected",
        "ChannelTransfer",
        "ChannelUnhold",
        "ChannelUserevent",
        "ChannelVarset",
        "ContactStatusChange",
        "DeviceStateChanged",
        "Dial",
        "EndpointStateChange",
        "PeerStatusChange",
        "PlaybackContinuing",
        "PlaybackFinished",
        "PlaybackStarted",
        "RESTResponse",
        "RecordingFailed",
        "RecordingFinished",
        "RecordingStarted",
        "StasisEnd",
        "StasisStart",
        "TextMessageReceived",
    ]
)
