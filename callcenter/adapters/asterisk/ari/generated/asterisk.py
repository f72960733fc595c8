"""Requests to /asterisk.

Written by scripts/generate-ari from /ari/api-docs of a running Asterisk. Do not edit: run it again.
"""

from __future__ import annotations

from collections.abc import Sequence

from callcenter.adapters.asterisk.ari.generated.objects import (
    AsteriskInfo,
    AsteriskPing,
    ConfigTuple,
    LogChannel,
    Module,
    Variable,
)
from callcenter.adapters.asterisk.ari.request import Fields, Request, body, query, segment


def get_object(config_class: str, object_type: str, id: str) -> Request[list[ConfigTuple]]:
    return Request(
        "GET",
        f"asterisk/config/dynamic/{segment(config_class)}/{segment(object_type)}/{segment(id)}",
    )


def update_object(
    config_class: str, object_type: str, id: str, *, fields: Fields | None = None
) -> Request[list[ConfigTuple]]:
    return Request(
        "PUT",
        f"asterisk/config/dynamic/{segment(config_class)}/{segment(object_type)}/{segment(id)}",
        (),
        body("fields", fields),
    )


def delete_object(config_class: str, object_type: str, id: str) -> Request[None]:
    return Request(
        "DELETE",
        f"asterisk/config/dynamic/{segment(config_class)}/{segment(object_type)}/{segment(id)}",
    )


def get_info(*, only: Sequence[str] | None = None) -> Request[AsteriskInfo]:
    return Request("GET", "asterisk/info", query(("only", only)))


def ping() -> Request[AsteriskPing]:
    return Request("GET", "asterisk/ping")


def list_modules() -> Request[list[Module]]:
    return Request("GET", "asterisk/modules")


def get_module(module_name: str) -> Request[Module]:
    return Request("GET", f"asterisk/modules/{segment(module_name)}")


def load_module(module_name: str) -> Request[None]:
    return Request("POST", f"asterisk/modules/{segment(module_name)}")


def unload_module(module_name: str) -> Request[None]:
    return Request("DELETE", f"asterisk/modules/{segment(module_name)}")


def reload_module(module_name: str) -> Request[None]:
    return Request("PUT", f"asterisk/modules/{segment(module_name)}")


def list_log_channels() -> Request[list[LogChannel]]:
    return Request("GET", "asterisk/logging")


def add_log(log_channel_name: str, *, configuration: str) -> Request[None]:
    return Request(
        "POST",
        f"asterisk/logging/{segment(log_channel_name)}",
        query(("configuration", configuration)),
    )


def delete_log(log_channel_name: str) -> Request[None]:
    return Request("DELETE", f"asterisk/logging/{segment(log_channel_name)}")


def rotate_log(log_channel_name: str) -> Request[None]:
    return Request("PUT", f"asterisk/logging/{segment(log_channel_name)}/rotate")


def get_global_var(*, variable: str) -> Request[Variable]:
    return Request("GET", "asterisk/variable", query(("variable", variable)))


def set_global_var(*, variable: str, value: str | None = None) -> Request[None]:
    return Request("POST", "asterisk/variable", query(("variable", variable), ("value", value)))
