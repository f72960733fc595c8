"""What the edge answers by itself, for the API's papers: who reads them asks the edge, not us."""

from collections.abc import Mapping
from typing import Any, Final

from callcenter.ports.passwords import TokenRefused
from callcenter.ports.problems import PROBLEM_TYPE, LoginRequired

_SERVER: Final[Mapping[str, Any]] = {
    "type": "object",
    "description": "As RTCPeerConnection takes it. STUN servers have no name and no password.",
    "required": ["urls"],
    "properties": {
        "urls": {"type": "array", "minItems": 1, "items": {"type": "string"}},
        "username": {"type": "string"},
        "credential": {"type": "string"},
    },
    "additionalProperties": False,
}
_ICE: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["ice_servers", "expires_at"],
    "properties": {
        "ice_servers": {"type": "array", "items": _SERVER},
        "expires_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "When the passwords run out; null where there are none.",
        },
    },
    "additionalProperties": False,
}

EDGE_PATHS: Final[Mapping[str, Any]] = {
    "/api/v1/ice": {
        "get": {
            "operationId": "read_ice",
            "tags": ["edge"],
            "summary": "The STUN and TURN servers for a browser's phone",
            "description": "Answered by the edge, also while the engine is away.",
            "security": [{"token": []}, {"cookie": []}],
            "responses": {
                "200": {"description": "Done", "content": {"application/json": {"schema": _ICE}}},
                "401": {
                    "description": ", ".join(sorted((LoginRequired.code, TokenRefused.code))),
                    "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                },
            },
        }
    }
}
"""Paths of the document (OpenAPI's Paths Object)."""
