"""Every operation and every message of ARI, as the switch describes them.

Written by scripts/generate-ari from /ari/api-docs of a running Asterisk. Do not edit: run it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict

from callcenter.adapters.asterisk.ari.request import Request, body, query, segment

Vars = Mapping[str, str | Mapping[str, object]]
Fields = Sequence[Mapping[str, str]]


class AdditionalParam(TypedDict):
    parameter_name: str
    parameter_value: str


class Application(TypedDict):
    bridge_ids: list[str]
    channel_ids: list[str]
    device_names: list[str]
    endpoint_ids: list[str]
    events_allowed: list[dict[str, object]]
    events_disallowed: list[dict[str, object]]
    name: str


class AsteriskInfo(TypedDict):
    build: NotRequired[BuildInfo]
    config: NotRequired[ConfigInfo]
    status: NotRequired[StatusInfo]
    system: NotRequired[SystemInfo]


class AsteriskPing(TypedDict):
    asterisk_id: str
    ping: str
    timestamp: str


class Bridge(TypedDict):
    bridge_class: str
    bridge_type: str
    bridgevars: NotRequired[dict[str, object]]
    channels: list[str]
    creationtime: str
    creator: str
    id: str
    name: str
    technology: str
    video_mode: NotRequired[str]
    video_source_id: NotRequired[str]


class BuildInfo(TypedDict):
    date: str
    kernel: str
    machine: str
    options: str
    os: str
    user: str


class CallerID(TypedDict):
    name: str
    number: str


class Channel(TypedDict):
    accountcode: str
    caller: CallerID
    caller_rdnis: NotRequired[str]
    channelvars: NotRequired[dict[str, object]]
    connected: CallerID
    creationtime: str
    dialplan: DialplanCEP
    id: str
    language: str
    name: str
    protocol_id: str
    state: str
    tenantid: NotRequired[str]


class ConfigInfo(TypedDict):
    default_language: str
    max_channels: NotRequired[int]
    max_load: NotRequired[float]
    max_open_files: NotRequired[int]
    name: str
    setid: SetId


class ConfigTuple(TypedDict):
    attribute: str
    value: str


class ContactInfo(TypedDict):
    aor: str
    contact_status: str
    roundtrip_usec: NotRequired[str]
    uri: str


class DeviceState(TypedDict):
    name: str
    state: str


class Dialed(TypedDict):
    pass


class DialplanCEP(TypedDict):
    app_data: str
    app_name: str
    context: str
    exten: str
    priority: int


class Endpoint(TypedDict):
    channel_ids: list[str]
    resource: str
    state: NotRequired[str]
    technology: str


class FormatLangPair(TypedDict):
    format: str
    language: str


class LiveRecording(TypedDict):
    cause: NotRequired[str]
    duration: NotRequired[int]
    format: str
    name: str
    silence_duration: NotRequired[int]
    state: str
    talking_duration: NotRequired[int]
    target_uri: str


class LogChannel(TypedDict):
    channel: str
    configuration: str
    status: str
    type: str


class Mailbox(TypedDict):
    name: str
    new_messages: int
    old_messages: int


class Message(TypedDict):
    asterisk_id: NotRequired[str]


class Module(TypedDict):
    description: str
    name: str
    status: str
    support_level: str
    use_count: int


class Peer(TypedDict):
    address: NotRequired[str]
    cause: NotRequired[str]
    peer_status: str
    port: NotRequired[str]
    time: NotRequired[str]


class Playback(TypedDict):
    id: str
    language: NotRequired[str]
    media_uri: str
    next_media_uri: NotRequired[str]
    state: str
    target_uri: str


class RESTHeader(TypedDict):
    name: str
    value: str


class RESTQueryStringParameter(TypedDict):
    name: str
    value: str


class RESTRequest(TypedDict):
    content_type: NotRequired[str]
    message_body: NotRequired[str]
    method: str
    query_strings: NotRequired[list[RESTQueryStringParameter]]
    request_id: str
    transaction_id: str
    type: str
    uri: str


class RTPstat(TypedDict):
    channel_uniqueid: str
    local_maxjitter: NotRequired[float]
    local_maxrxploss: NotRequired[float]
    local_minjitter: NotRequired[float]
    local_minrxploss: NotRequired[float]
    local_normdevjitter: NotRequired[float]
    local_normdevrxploss: NotRequired[float]
    local_ssrc: int
    local_stdevjitter: NotRequired[float]
    local_stdevrxploss: NotRequired[float]
    maxrtt: NotRequired[float]
    minrtt: NotRequired[float]
    normdevrtt: NotRequired[float]
    remote_maxjitter: NotRequired[float]
    remote_maxrxploss: NotRequired[float]
    remote_minjitter: NotRequired[float]
    remote_minrxploss: NotRequired[float]
    remote_normdevjitter: NotRequired[float]
    remote_normdevrxploss: NotRequired[float]
    remote_ssrc: int
    remote_stdevjitter: NotRequired[float]
    remote_stdevrxploss: NotRequired[float]
    rtt: NotRequired[float]
    rxcount: int
    rxjitter: NotRequired[float]
    rxoctetcount: int
    rxploss: int
    stdevrtt: NotRequired[float]
    txcount: int
    txjitter: NotRequired[float]
    txoctetcount: int
    txploss: int


class ReferTo(TypedDict):
    bridge: NotRequired[Bridge]
    connected_channel: NotRequired[Channel]
    destination_channel: NotRequired[Channel]
    requested_destination: RequiredDestination


class ReferredBy(TypedDict):
    bridge: NotRequired[Bridge]
    connected_channel: NotRequired[Channel]
    source_channel: Channel


class RequiredDestination(TypedDict):
    additional_protocol_params: NotRequired[list[AdditionalParam]]
    destination: NotRequired[str]
    protocol_id: NotRequired[str]


class SetId(TypedDict):
    group: str
    user: str


class Sound(TypedDict):
    formats: list[FormatLangPair]
    id: str
    text: NotRequired[str]


class StatusInfo(TypedDict):
    last_reload_time: str
    startup_time: str


class StoredRecording(TypedDict):
    format: str
    name: str


class SystemInfo(TypedDict):
    entity_id: str
    version: str


TextMessage = TypedDict(
    "TextMessage",
    {"body": str, "from": str, "to": str, "variables": NotRequired[dict[str, object]]},
)


class Variable(TypedDict):
    value: str


class Variables(TypedDict):
    variables: dict[str, object]


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


class applications:
    @staticmethod
    def list_all() -> Request[list[Application]]:
        return Request("GET", "applications")

    @staticmethod
    def get(application_name: str) -> Request[Application]:
        return Request("GET", f"applications/{segment(application_name)}")

    @staticmethod
    def subscribe(application_name: str, *, event_source: Sequence[str]) -> Request[Application]:
        return Request(
            "POST",
            f"applications/{segment(application_name)}/subscription",
            query(("eventSource", event_source)),
        )

    @staticmethod
    def unsubscribe(application_name: str, *, event_source: Sequence[str]) -> Request[Application]:
        return Request(
            "DELETE",
            f"applications/{segment(application_name)}/subscription",
            query(("eventSource", event_source)),
        )

    @staticmethod
    def filter(
        application_name: str, *, filter: Mapping[str, object] | None = None
    ) -> Request[Application]:
        return Request("PUT", f"applications/{segment(application_name)}/eventFilter", (), filter)


class asterisk:
    @staticmethod
    def get_object(config_class: str, object_type: str, id: str) -> Request[list[ConfigTuple]]:
        return Request(
            "GET",
            f"asterisk/config/dynamic/{segment(config_class)}/{segment(object_type)}/{segment(id)}",
        )

    @staticmethod
    def update_object(
        config_class: str, object_type: str, id: str, *, fields: Fields | None = None
    ) -> Request[list[ConfigTuple]]:
        return Request(
            "PUT",
            f"asterisk/config/dynamic/{segment(config_class)}/{segment(object_type)}/{segment(id)}",
            (),
            body("fields", fields),
        )

    @staticmethod
    def delete_object(config_class: str, object_type: str, id: str) -> Request[None]:
        return Request(
            "DELETE",
            f"asterisk/config/dynamic/{segment(config_class)}/{segment(object_type)}/{segment(id)}",
        )

    @staticmethod
    def get_info(*, only: Sequence[str] | None = None) -> Request[AsteriskInfo]:
        return Request("GET", "asterisk/info", query(("only", only)))

    @staticmethod
    def ping() -> Request[AsteriskPing]:
        return Request("GET", "asterisk/ping")

    @staticmethod
    def list_modules() -> Request[list[Module]]:
        return Request("GET", "asterisk/modules")

    @staticmethod
    def get_module(module_name: str) -> Request[Module]:
        return Request("GET", f"asterisk/modules/{segment(module_name)}")

    @staticmethod
    def load_module(module_name: str) -> Request[None]:
        return Request("POST", f"asterisk/modules/{segment(module_name)}")

    @staticmethod
    def unload_module(module_name: str) -> Request[None]:
        return Request("DELETE", f"asterisk/modules/{segment(module_name)}")

    @staticmethod
    def reload_module(module_name: str) -> Request[None]:
        return Request("PUT", f"asterisk/modules/{segment(module_name)}")

    @staticmethod
    def list_log_channels() -> Request[list[LogChannel]]:
        return Request("GET", "asterisk/logging")

    @staticmethod
    def add_log(log_channel_name: str, *, configuration: str) -> Request[None]:
        return Request(
            "POST",
            f"asterisk/logging/{segment(log_channel_name)}",
            query(("configuration", configuration)),
        )

    @staticmethod
    def delete_log(log_channel_name: str) -> Request[None]:
        return Request("DELETE", f"asterisk/logging/{segment(log_channel_name)}")

    @staticmethod
    def rotate_log(log_channel_name: str) -> Request[None]:
        return Request("PUT", f"asterisk/logging/{segment(log_channel_name)}/rotate")

    @staticmethod
    def get_global_var(*, variable: str) -> Request[Variable]:
        return Request("GET", "asterisk/variable", query(("variable", variable)))

    @staticmethod
    def set_global_var(*, variable: str, value: str | None = None) -> Request[None]:
        return Request("POST", "asterisk/variable", query(("variable", variable), ("value", value)))


class bridges:
    @staticmethod
    def list_all() -> Request[list[Bridge]]:
        return Request("GET", "bridges")

    @staticmethod
    def create(
        *,
        type: str | None = None,
        bridge_id: str | None = None,
        name: str | None = None,
        variables: Vars | None = None,
    ) -> Request[Bridge]:
        return Request(
            "POST",
            "bridges",
            query(("type", type), ("bridgeId", bridge_id), ("name", name)),
            body("variables", variables),
        )

    @staticmethod
    def create_with_id(
        bridge_id: str,
        *,
        type: str | None = None,
        name: str | None = None,
        variables: Vars | None = None,
    ) -> Request[Bridge]:
        return Request(
            "POST",
            f"bridges/{segment(bridge_id)}",
            query(("type", type), ("name", name)),
            body("variables", variables),
        )

    @staticmethod
    def get(bridge_id: str) -> Request[Bridge]:
        return Request("GET", f"bridges/{segment(bridge_id)}")

    @staticmethod
    def destroy(bridge_id: str) -> Request[None]:
        return Request("DELETE", f"bridges/{segment(bridge_id)}")

    @staticmethod
    def get_bridge_var(bridge_id: str, *, variable: str) -> Request[Variable]:
        return Request(
            "GET", f"bridges/{segment(bridge_id)}/variable", query(("variable", variable))
        )

    @staticmethod
    def set_bridge_var(
        bridge_id: str,
        *,
        variable: str,
        value: str | None = None,
        report_events: bool | None = None,
    ) -> Request[None]:
        return Request(
            "POST",
            f"bridges/{segment(bridge_id)}/variable",
            query(("variable", variable), ("value", value), ("report_events", report_events)),
        )

    @staticmethod
    def get_bridge_vars(bridge_id: str, *, variables: Sequence[str]) -> Request[Variables]:
        return Request(
            "GET", f"bridges/{segment(bridge_id)}/variables", query(("variables", variables))
        )

    @staticmethod
    def set_bridge_vars(bridge_id: str, *, variables: Vars) -> Request[None]:
        return Request(
            "POST", f"bridges/{segment(bridge_id)}/variables", (), body("variables", variables)
        )

    @staticmethod
    def add_channel(
        bridge_id: str,
        *,
        channel: Sequence[str],
        role: str | None = None,
        absorb_dtmf: bool | None = None,
        mute: bool | None = None,
        inhibit_connected_line_updates: bool | None = None,
    ) -> Request[None]:
        return Request(
            "POST",
            f"bridges/{segment(bridge_id)}/addChannel",
            query(
                ("channel", channel),
                ("role", role),
                ("absorbDTMF", absorb_dtmf),
                ("mute", mute),
                ("inhibitConnectedLineUpdates", inhibit_connected_line_updates),
            ),
        )

    @staticmethod
    def remove_channel(bridge_id: str, *, channel: Sequence[str]) -> Request[None]:
        return Request(
            "POST", f"bridges/{segment(bridge_id)}/removeChannel", query(("channel", channel))
        )

    @staticmethod
    def set_video_source(bridge_id: str, channel_id: str) -> Request[None]:
        return Request("POST", f"bridges/{segment(bridge_id)}/videoSource/{segment(channel_id)}")

    @staticmethod
    def clear_video_source(bridge_id: str) -> Request[None]:
        return Request("DELETE", f"bridges/{segment(bridge_id)}/videoSource")

    @staticmethod
    def start_moh(bridge_id: str, *, moh_class: str | None = None) -> Request[None]:
        return Request("POST", f"bridges/{segment(bridge_id)}/moh", query(("mohClass", moh_class)))

    @staticmethod
    def stop_moh(bridge_id: str) -> Request[None]:
        return Request("DELETE", f"bridges/{segment(bridge_id)}/moh")

    @staticmethod
    def play(
        bridge_id: str,
        *,
        media: Sequence[str],
        announcer_format: str | None = None,
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
        playback_id: str | None = None,
    ) -> Request[Playback]:
        return Request(
            "POST",
            f"bridges/{segment(bridge_id)}/play",
            query(
                ("media", media),
                ("announcer_format", announcer_format),
                ("lang", lang),
                ("offsetms", offsetms),
                ("skipms", skipms),
                ("playbackId", playback_id),
            ),
        )

    @staticmethod
    def play_with_id(
        bridge_id: str,
        playback_id: str,
        *,
        media: Sequence[str],
        announcer_format: str | None = None,
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
    ) -> Request[Playback]:
        return Request(
            "POST",
            f"bridges/{segment(bridge_id)}/play/{segment(playback_id)}",
            query(
                ("media", media),
                ("announcer_format", announcer_format),
                ("lang", lang),
                ("offsetms", offsetms),
                ("skipms", skipms),
            ),
        )

    @staticmethod
    def record(
        bridge_id: str,
        *,
        name: str,
        format: str,
        recorder_format: str | None = None,
        max_duration_seconds: int | None = None,
        max_silence_seconds: int | None = None,
        if_exists: Literal["fail", "overwrite", "append"] | None = None,
        beep: bool | None = None,
        terminate_on: Literal["none", "any", "*", "#"] | None = None,
    ) -> Request[LiveRecording]:
        return Request(
            "POST",
            f"bridges/{segment(bridge_id)}/record",
            query(
                ("name", name),
                ("format", format),
                ("recorder_format", recorder_format),
                ("maxDurationSeconds", max_duration_seconds),
                ("maxSilenceSeconds", max_silence_seconds),
                ("ifExists", if_exists),
                ("beep", beep),
                ("terminateOn", terminate_on),
            ),
        )


class channels:
    @staticmethod
    def list_all() -> Request[list[Channel]]:
        return Request("GET", "channels")

    @staticmethod
    def originate(
        *,
        endpoint: str,
        extension: str | None = None,
        context: str | None = None,
        priority: int | None = None,
        label: str | None = None,
        app: str | None = None,
        app_args: str | None = None,
        caller_id: str | None = None,
        timeout: int | None = None,
        variables: Vars | None = None,
        channel_id: str | None = None,
        other_channel_id: str | None = None,
        originator: str | None = None,
        formats: str | None = None,
    ) -> Request[Channel]:
        return Request(
            "POST",
            "channels",
            query(
                ("endpoint", endpoint),
                ("extension", extension),
                ("context", context),
                ("priority", priority),
                ("label", label),
                ("app", app),
                ("appArgs", app_args),
                ("callerId", caller_id),
                ("timeout", timeout),
                ("channelId", channel_id),
                ("otherChannelId", other_channel_id),
                ("originator", originator),
                ("formats", formats),
            ),
            body("variables", variables),
        )

    @staticmethod
    def create(
        *,
        endpoint: str,
        app: str,
        app_args: str | None = None,
        channel_id: str | None = None,
        other_channel_id: str | None = None,
        originator: str | None = None,
        formats: str | None = None,
        variables: Vars | None = None,
    ) -> Request[Channel]:
        return Request(
            "POST",
            "channels/create",
            query(
                ("endpoint", endpoint),
                ("app", app),
                ("appArgs", app_args),
                ("channelId", channel_id),
                ("otherChannelId", other_channel_id),
                ("originator", originator),
                ("formats", formats),
            ),
            body("variables", variables),
        )

    @staticmethod
    def get(channel_id: str) -> Request[Channel]:
        return Request("GET", f"channels/{segment(channel_id)}")

    @staticmethod
    def originate_with_id(
        channel_id: str,
        *,
        endpoint: str,
        extension: str | None = None,
        context: str | None = None,
        priority: int | None = None,
        label: str | None = None,
        app: str | None = None,
        app_args: str | None = None,
        caller_id: str | None = None,
        timeout: int | None = None,
        variables: Vars | None = None,
        other_channel_id: str | None = None,
        originator: str | None = None,
        formats: str | None = None,
    ) -> Request[Channel]:
        return Request(
            "POST",
            f"channels/{segment(channel_id)}",
            query(
                ("endpoint", endpoint),
                ("extension", extension),
                ("context", context),
                ("priority", priority),
                ("label", label),
                ("app", app),
                ("appArgs", app_args),
                ("callerId", caller_id),
                ("timeout", timeout),
                ("otherChannelId", other_channel_id),
                ("originator", originator),
                ("formats", formats),
            ),
            body("variables", variables),
        )

    @staticmethod
    def hangup(
        channel_id: str,
        *,
        reason_code: str | None = None,
        reason: Literal[
            "normal",
            "busy",
            "congestion",
            "no_answer",
            "timeout",
            "rejected",
            "unallocated",
            "normal_unspecified",
            "number_incomplete",
            "codec_mismatch",
            "interworking",
            "failure",
            "answered_elsewhere",
        ]
        | None = None,
    ) -> Request[None]:
        return Request(
            "DELETE",
            f"channels/{segment(channel_id)}",
            query(("reason_code", reason_code), ("reason", reason)),
        )

    @staticmethod
    def continue_in_dialplan(
        channel_id: str,
        *,
        context: str | None = None,
        extension: str | None = None,
        priority: int | None = None,
        label: str | None = None,
    ) -> Request[None]:
        return Request(
            "POST",
            f"channels/{segment(channel_id)}/continue",
            query(
                ("context", context),
                ("extension", extension),
                ("priority", priority),
                ("label", label),
            ),
        )

    @staticmethod
    def move(channel_id: str, *, app: str, app_args: str | None = None) -> Request[None]:
        return Request(
            "POST",
            f"channels/{segment(channel_id)}/move",
            query(("app", app), ("appArgs", app_args)),
        )

    @staticmethod
    def redirect(channel_id: str, *, endpoint: str) -> Request[None]:
        return Request(
            "POST", f"channels/{segment(channel_id)}/redirect", query(("endpoint", endpoint))
        )

    @staticmethod
    def answer(channel_id: str) -> Request[None]:
        return Request("POST", f"channels/{segment(channel_id)}/answer")

    @staticmethod
    def ring(channel_id: str) -> Request[None]:
        return Request("POST", f"channels/{segment(channel_id)}/ring")

    @staticmethod
    def ring_stop(channel_id: str) -> Request[None]:
        return Request("DELETE", f"channels/{segment(channel_id)}/ring")

    @staticmethod
    def progress(channel_id: str) -> Request[None]:
        return Request("POST", f"channels/{segment(channel_id)}/progress")

    @staticmethod
    def send_dtmf(
        channel_id: str,
        *,
        dtmf: str | None = None,
        before: int | None = None,
        between: int | None = None,
        duration: int | None = None,
        after: int | None = None,
    ) -> Request[None]:
        return Request(
            "POST",
            f"channels/{segment(channel_id)}/dtmf",
            query(
                ("dtmf", dtmf),
                ("before", before),
                ("between", between),
                ("duration", duration),
                ("after", after),
            ),
        )

    @staticmethod
    def mute(
        channel_id: str, *, direction: Literal["both", "in", "out"] | None = None
    ) -> Request[None]:
        return Request(
            "POST", f"channels/{segment(channel_id)}/mute", query(("direction", direction))
        )

    @staticmethod
    def unmute(
        channel_id: str, *, direction: Literal["both", "in", "out"] | None = None
    ) -> Request[None]:
        return Request(
            "DELETE", f"channels/{segment(channel_id)}/mute", query(("direction", direction))
        )

    @staticmethod
    def hold(channel_id: str) -> Request[None]:
        return Request("POST", f"channels/{segment(channel_id)}/hold")

    @staticmethod
    def unhold(channel_id: str) -> Request[None]:
        return Request("DELETE", f"channels/{segment(channel_id)}/hold")

    @staticmethod
    def start_moh(channel_id: str, *, moh_class: str | None = None) -> Request[None]:
        return Request(
            "POST", f"channels/{segment(channel_id)}/moh", query(("mohClass", moh_class))
        )

    @staticmethod
    def stop_moh(channel_id: str) -> Request[None]:
        return Request("DELETE", f"channels/{segment(channel_id)}/moh")

    @staticmethod
    def start_silence(channel_id: str) -> Request[None]:
        return Request("POST", f"channels/{segment(channel_id)}/silence")

    @staticmethod
    def stop_silence(channel_id: str) -> Request[None]:
        return Request("DELETE", f"channels/{segment(channel_id)}/silence")

    @staticmethod
    def play(
        channel_id: str,
        *,
        media: Sequence[str],
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
        playback_id: str | None = None,
    ) -> Request[Playback]:
        return Request(
            "POST",
            f"channels/{segment(channel_id)}/play",
            query(
                ("media", media),
                ("lang", lang),
                ("offsetms", offsetms),
                ("skipms", skipms),
                ("playbackId", playback_id),
            ),
        )

    @staticmethod
    def play_with_id(
        channel_id: str,
        playback_id: str,
        *,
        media: Sequence[str],
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
    ) -> Request[Playback]:
        return Request(
            "POST",
            f"channels/{segment(channel_id)}/play/{segment(playback_id)}",
            query(("media", media), ("lang", lang), ("offsetms", offsetms), ("skipms", skipms)),
        )

    @staticmethod
    def record(
        channel_id: str,
        *,
        name: str,
        format: str,
        max_duration_seconds: int | None = None,
        max_silence_seconds: int | None = None,
        if_exists: Literal["fail", "overwrite", "append"] | None = None,
        beep: bool | None = None,
        terminate_on: Literal["none", "any", "*", "#"] | None = None,
    ) -> Request[LiveRecording]:
        return Request(
            "POST",
            f"channels/{segment(channel_id)}/record",
            query(
                ("name", name),
                ("format", format),
                ("maxDurationSeconds", max_duration_seconds),
                ("maxSilenceSeconds", max_silence_seconds),
                ("ifExists", if_exists),
                ("beep", beep),
                ("terminateOn", terminate_on),
            ),
        )

    @staticmethod
    def get_channel_var(channel_id: str, *, variable: str) -> Request[Variable]:
        return Request(
            "GET", f"channels/{segment(channel_id)}/variable", query(("variable", variable))
        )

    @staticmethod
    def set_channel_var(
        channel_id: str,
        *,
        variable: str,
        value: str | None = None,
        report_events: bool | None = None,
    ) -> Request[None]:
        return Request(
            "POST",
            f"channels/{segment(channel_id)}/variable",
            query(("variable", variable), ("value", value), ("report_events", report_events)),
        )

    @staticmethod
    def get_channel_vars(channel_id: str, *, variables: Sequence[str]) -> Request[Variables]:
        return Request(
            "GET", f"channels/{segment(channel_id)}/variables", query(("variables", variables))
        )

    @staticmethod
    def set_channel_vars(channel_id: str, *, variables: Vars) -> Request[None]:
        return Request(
            "POST", f"channels/{segment(channel_id)}/variables", (), body("variables", variables)
        )

    @staticmethod
    def snoop_channel(
        channel_id: str,
        *,
        app: str,
        spy: Literal["none", "both", "out", "in"] | None = None,
        whisper: Literal["none", "both", "out", "in"] | None = None,
        app_args: str | None = None,
        snoop_id: str | None = None,
    ) -> Request[Channel]:
        return Request(
            "POST",
            f"channels/{segment(channel_id)}/snoop",
            query(
                ("app", app),
                ("spy", spy),
                ("whisper", whisper),
                ("appArgs", app_args),
                ("snoopId", snoop_id),
            ),
        )

    @staticmethod
    def snoop_channel_with_id(
        channel_id: str,
        snoop_id: str,
        *,
        app: str,
        spy: Literal["none", "both", "out", "in"] | None = None,
        whisper: Literal["none", "both", "out", "in"] | None = None,
        app_args: str | None = None,
    ) -> Request[Channel]:
        return Request(
            "POST",
            f"channels/{segment(channel_id)}/snoop/{segment(snoop_id)}",
            query(("app", app), ("spy", spy), ("whisper", whisper), ("appArgs", app_args)),
        )

    @staticmethod
    def dial(
        channel_id: str, *, caller: str | None = None, timeout: int | None = None
    ) -> Request[None]:
        return Request(
            "POST",
            f"channels/{segment(channel_id)}/dial",
            query(("caller", caller), ("timeout", timeout)),
        )

    @staticmethod
    def rtpstatistics(channel_id: str) -> Request[RTPstat]:
        return Request("GET", f"channels/{segment(channel_id)}/rtp_statistics")

    @staticmethod
    def external_media(
        *,
        app: str,
        format: str,
        channel_id: str | None = None,
        variables: Vars | None = None,
        external_host: str | None = None,
        encapsulation: Literal["rtp", "audiosocket", "none"] | None = None,
        transport: Literal["udp", "tcp", "websocket"] | None = None,
        connection_type: Literal["client", "server"] | None = None,
        direction: Literal["both"] | None = None,
        data: str | None = None,
        transport_data: str | None = None,
    ) -> Request[Channel]:
        return Request(
            "POST",
            "channels/externalMedia",
            query(
                ("app", app),
                ("format", format),
                ("channelId", channel_id),
                ("external_host", external_host),
                ("encapsulation", encapsulation),
                ("transport", transport),
                ("connection_type", connection_type),
                ("direction", direction),
                ("data", data),
                ("transport_data", transport_data),
            ),
            body("variables", variables),
        )

    @staticmethod
    def transfer_progress(channel_id: str, *, states: str) -> Request[None]:
        return Request(
            "POST", f"channels/{segment(channel_id)}/transfer_progress", query(("states", states))
        )


class device_states:
    @staticmethod
    def list_all() -> Request[list[DeviceState]]:
        return Request("GET", "deviceStates")

    @staticmethod
    def get(device_name: str) -> Request[DeviceState]:
        return Request("GET", f"deviceStates/{segment(device_name)}")

    @staticmethod
    def update(
        device_name: str,
        *,
        device_state: Literal[
            "NOT_INUSE", "INUSE", "BUSY", "INVALID", "UNAVAILABLE", "RINGING", "RINGINUSE", "ONHOLD"
        ],
    ) -> Request[None]:
        return Request(
            "PUT", f"deviceStates/{segment(device_name)}", query(("deviceState", device_state))
        )

    @staticmethod
    def delete(device_name: str) -> Request[None]:
        return Request("DELETE", f"deviceStates/{segment(device_name)}")


class endpoints:
    @staticmethod
    def list_all() -> Request[list[Endpoint]]:
        return Request("GET", "endpoints")

    @staticmethod
    def send_message(
        *, to: str, from_: str, body_: str | None = None, variables: Vars | None = None
    ) -> Request[None]:
        return Request(
            "PUT",
            "endpoints/sendMessage",
            query(("to", to), ("from", from_), ("body", body_)),
            body("variables", variables),
        )

    @staticmethod
    def refer(
        *,
        to: str,
        from_: str,
        refer_to: str,
        to_self: bool | None = None,
        variables: Vars | None = None,
    ) -> Request[None]:
        return Request(
            "POST",
            "endpoints/refer",
            query(("to", to), ("from", from_), ("refer_to", refer_to), ("to_self", to_self)),
            body("variables", variables),
        )

    @staticmethod
    def list_by_tech(tech: str) -> Request[list[Endpoint]]:
        return Request("GET", f"endpoints/{segment(tech)}")

    @staticmethod
    def get(tech: str, resource: str) -> Request[Endpoint]:
        return Request("GET", f"endpoints/{segment(tech)}/{segment(resource)}")

    @staticmethod
    def send_message_to_endpoint(
        tech: str,
        resource: str,
        *,
        from_: str,
        body_: str | None = None,
        variables: Vars | None = None,
    ) -> Request[None]:
        return Request(
            "PUT",
            f"endpoints/{segment(tech)}/{segment(resource)}/sendMessage",
            query(("from", from_), ("body", body_)),
            body("variables", variables),
        )

    @staticmethod
    def refer_to_endpoint(
        tech: str,
        resource: str,
        *,
        from_: str,
        refer_to: str,
        to_self: bool | None = None,
        variables: Vars | None = None,
    ) -> Request[None]:
        return Request(
            "POST",
            f"endpoints/{segment(tech)}/{segment(resource)}/refer",
            query(("from", from_), ("refer_to", refer_to), ("to_self", to_self)),
            body("variables", variables),
        )


class events:
    @staticmethod
    def user_event(
        event_name: str,
        *,
        application: str,
        source: Sequence[str] | None = None,
        variables: Vars | None = None,
    ) -> Request[None]:
        return Request(
            "POST",
            f"events/user/{segment(event_name)}",
            query(("application", application), ("source", source)),
            body("variables", variables),
        )

    @staticmethod
    def claim_channel(*, channel_id: str, application: str) -> Request[None]:
        return Request(
            "POST", "events/claim", query(("channelId", channel_id), ("application", application))
        )


class mailboxes:
    @staticmethod
    def list_all() -> Request[list[Mailbox]]:
        return Request("GET", "mailboxes")

    @staticmethod
    def get(mailbox_name: str) -> Request[Mailbox]:
        return Request("GET", f"mailboxes/{segment(mailbox_name)}")

    @staticmethod
    def update(mailbox_name: str, *, old_messages: int, new_messages: int) -> Request[None]:
        return Request(
            "PUT",
            f"mailboxes/{segment(mailbox_name)}",
            query(("oldMessages", old_messages), ("newMessages", new_messages)),
        )

    @staticmethod
    def delete(mailbox_name: str) -> Request[None]:
        return Request("DELETE", f"mailboxes/{segment(mailbox_name)}")


class playbacks:
    @staticmethod
    def get(playback_id: str) -> Request[Playback]:
        return Request("GET", f"playbacks/{segment(playback_id)}")

    @staticmethod
    def stop(playback_id: str) -> Request[None]:
        return Request("DELETE", f"playbacks/{segment(playback_id)}")

    @staticmethod
    def control(
        playback_id: str, *, operation: Literal["restart", "pause", "unpause", "reverse", "forward"]
    ) -> Request[None]:
        return Request(
            "POST", f"playbacks/{segment(playback_id)}/control", query(("operation", operation))
        )


class recordings:
    @staticmethod
    def list_stored() -> Request[list[StoredRecording]]:
        return Request("GET", "recordings/stored")

    @staticmethod
    def get_stored(recording_name: str) -> Request[StoredRecording]:
        return Request("GET", f"recordings/stored/{segment(recording_name)}")

    @staticmethod
    def delete_stored(recording_name: str) -> Request[None]:
        return Request("DELETE", f"recordings/stored/{segment(recording_name)}")

    @staticmethod
    def get_stored_file(recording_name: str) -> Request[bytes]:
        return Request("GET", f"recordings/stored/{segment(recording_name)}/file")

    @staticmethod
    def copy_stored(
        recording_name: str, *, destination_recording_name: str
    ) -> Request[StoredRecording]:
        return Request(
            "POST",
            f"recordings/stored/{segment(recording_name)}/copy",
            query(("destinationRecordingName", destination_recording_name)),
        )

    @staticmethod
    def get_live(recording_name: str) -> Request[LiveRecording]:
        return Request("GET", f"recordings/live/{segment(recording_name)}")

    @staticmethod
    def cancel(recording_name: str) -> Request[None]:
        return Request("DELETE", f"recordings/live/{segment(recording_name)}")

    @staticmethod
    def stop(recording_name: str) -> Request[None]:
        return Request("POST", f"recordings/live/{segment(recording_name)}/stop")

    @staticmethod
    def pause(recording_name: str) -> Request[None]:
        return Request("POST", f"recordings/live/{segment(recording_name)}/pause")

    @staticmethod
    def unpause(recording_name: str) -> Request[None]:
        return Request("DELETE", f"recordings/live/{segment(recording_name)}/pause")

    @staticmethod
    def mute(recording_name: str) -> Request[None]:
        return Request("POST", f"recordings/live/{segment(recording_name)}/mute")

    @staticmethod
    def unmute(recording_name: str) -> Request[None]:
        return Request("DELETE", f"recordings/live/{segment(recording_name)}/mute")


class sounds:
    @staticmethod
    def list_all(*, lang: str | None = None, format: str | None = None) -> Request[list[Sound]]:
        return Request("GET", "sounds", query(("lang", lang), ("format", format)))

    @staticmethod
    def get(sound_id: str) -> Request[Sound]:
        return Request("GET", f"sounds/{segment(sound_id)}")
