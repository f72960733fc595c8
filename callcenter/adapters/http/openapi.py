"""The API's papers: an OpenAPI 3.1 document made from the routes that are served, here and at the edge."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from callcenter.adapters.http.auth import COOKIE_NAME, CSRF_HEADER
from callcenter.adapters.http.edge_papers import EDGE_PATHS
from callcenter.adapters.http.errors import CsrfHeaderMissing, InvalidRequest, NotJson
from callcenter.adapters.http.routing import Anybody, Right, Route
from callcenter.adapters.http.shapes import Shape
from callcenter.core.errors import CoreError, NotPermitted
from callcenter.ports.passwords import TokenRefused
from callcenter.ports.problems import (
    PROBLEM_TYPE,
    BodyTooLarge,
    Faulted,
    LoginRequired,
    NotUnderstood,
    TooSlow,
    status_of,
)

_REF: Final = "#/components/schemas/{model}"
_PROBLEM: Final[Mapping[str, Any]] = {
    "type": "object",
    "description": "A refusal (RFC 9457). `code` never changes; `title` is for people.",
    "required": ["type", "code", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "code": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

_Refs = Mapping[Any, Mapping[str, Any]]  # by shape, and whether it comes in or goes out


def document(
    routes: Sequence[Route], version: str, cookie_name: str = COOKIE_NAME
) -> dict[str, Any]:
    """The whole document. ValueError when two routes are one."""
    refs, schemas = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operations = paths.setdefault(route.path, {})
        if route.method.lower() in operations:
            raise ValueError(f"{route.method} {route.path} is declared twice")
        operations[route.method.lower()] = _operation(route, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "callcenter", "version": version},
        "paths": {**paths, **EDGE_PATHS},
        "components": {
            "schemas": {**schemas, "Problem": _PROBLEM},
            "securitySchemes": _security_schemes(cookie_name),
        },
    }


def _security_schemes(cookie_name: str) -> dict[str, Any]:
    return {
        "token": {"type": "http", "scheme": "bearer"},
        "key": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Authorization: ApiKey <key>`",
        },
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie_name,
            "description": f"What changes something needs the header `{CSRF_HEADER}: 1` besides.",
        },
    }


def _schemas(routes: Sequence[Route]) -> tuple[_Refs, dict[str, Any]]:
    wanted: dict[tuple[type[Shape], JsonSchemaMode], None] = {}
    for route in routes:
        if route.takes is not None:
            wanted[route.takes, "validation"] = None
        if route.gives is not None:
            wanted[route.gives, "serialization"] = None
    refs, definitions = models_json_schema(list(wanted), ref_template=_REF)
    return refs, definitions.get("$defs", {})


def _operation(route: Route, refs: _Refs) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": getattr(route.handle, "__name__", route.path).strip("_"),
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _responses(route, refs),
    }
    if route.has_body and route.takes is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": dict(refs[route.takes, "validation"])}},
        }
    if route.needs is not Anybody.PUBLIC:
        operation["security"] = [{"token": []}, {"key": []}, {"cookie": []}]
    if isinstance(route.needs, Right):
        operation["x-permission"] = route.needs.action.value
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    in_path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": 128},
        }
        for name in route.names_in_path
    ]
    if route.takes is None or route.has_body:
        return in_path
    schema = route.takes.model_json_schema(ref_template=_REF)
    required = schema.get("required", ())
    in_query = [
        {"name": name, "in": "query", "required": name in required, "schema": shape}
        for name, shape in schema.get("properties", {}).items()
    ]
    return in_path + in_query


def _responses(route: Route, refs: _Refs) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    if route.gives is not None:
        schema = dict(refs[route.gives, "serialization"])
        content = {"application/json": {"schema": schema}}
        responses[str(route.status)] = {"description": "Done", "content": content}
    elif route.produces is not None:
        responses[str(route.status)] = {"description": "Done", "content": {route.produces: {}}}
    else:
        responses["204"] = {"description": "Done"}
    for status, codes in sorted(_codes_by_status(route).items()):
        responses.setdefault(
            str(status),
            {
                "description": ", ".join(sorted(codes)),
                "content": {PROBLEM_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}},
            },
        )
    return responses


def _codes_by_status(route: Route) -> dict[int, set[str]]:
    refusals: list[type[CoreError]] = [*route.errors, InvalidRequest, TooSlow, Faulted]
    if route.needs is not Anybody.PUBLIC:
        refusals += [LoginRequired, TokenRefused, CsrfHeaderMissing]
    if isinstance(route.needs, Right):
        refusals.append(NotPermitted)
    if route.has_body:
        refusals += [NotUnderstood, NotJson, BodyTooLarge]
    codes: dict[int, set[str]] = {}
    for refusal in refusals:
        codes.setdefault(status_of(refusal), set()).add(refusal.code)
    return codes
