"""Requests to /recordings.

Written by scripts/generate-ari from /ari/api-docs of a running Asterisk. Do not edit: run it again.
"""

from __future__ import annotations

from callcenter.adapters.asterisk.ari.generated.objects import (
    LiveRecording,
    StoredRecording,
)
from callcenter.adapters.asterisk.ari.request import Request, query, segment


def list_stored() -> Request[list[StoredRecording]]:
    return Request("GET", "recordings/stored")


def get_stored(recording_name: str) -> Request[StoredRecording]:
    return Request("GET", f"recordings/stored/{segment(recording_name)}")


def delete_stored(recording_name: str) -> Request[None]:
    return Request("DELETE", f"recordings/stored/{segment(recording_name)}")


def get_stored_file(recording_name: str) -> Request[bytes]:
    return Request("GET", f"recordings/stored/{segment(recording_name)}/file")


def copy_stored(
    recording_name: str, *, destination_recording_name: str
) -> Request[StoredRecording]:
    return Request(
        "POST",
        f"recordings/stored/{segment(recording_name)}/copy",
        query(("destinationRecordingName", destination_recording_name)),
    )


def get_live(recording_name: str) -> Request[LiveRecording]:
    return Request("GET", f"recordings/live/{segment(recording_name)}")


def cancel(recording_name: str) -> Request[None]:
    return Request("DELETE", f"recordings/live/{segment(recording_name)}")


def stop(recording_name: str) -> Request[None]:
    return Request("POST", f"recordings/live/{segment(recording_name)}/stop")


def pause(recording_name: str) -> Request[None]:
    return Request("POST", f"recordings/live/{segment(recording_name)}/pause")


def unpause(recording_name: str) -> Request[None]:
    return Request("DELETE", f"recordings/live/{segment(recording_name)}/pause")


def mute(recording_name: str) -> Request[None]:
    return Request("POST", f"recordings/live/{segment(recording_name)}/mute")


def unmute(recording_name: str) -> Request[None]:
    return Request("DELETE", f"recordings/live/{segment(recording_name)}/mute")
