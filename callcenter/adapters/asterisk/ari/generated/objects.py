"""What the switch has, as it shows it.

Written by scripts/generate-ari from /ari/api-docs of a running Asterisk. Do not edit: run it again.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


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
