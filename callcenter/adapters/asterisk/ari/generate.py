"""Writes the package `generated` from the description of ARI that a running switch serves.

The description is Asterisk's and is not kept here; what is generated from it is. A live test
generates again and compares, so the client never drifts from the switch it is tested with.

Two choices. Operations become builders of requests, not calls, because the engine sends commands
and hears of their effect as events. Models become TypedDicts, not classes, because an event is
read once on the busiest path of the program and a dict is what the parser gives.
"""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

Description = dict[str, Any]

PACKAGE = Path(__file__).with_name("generated")
INTRODUCTION = '''"""{what}

Written by scripts/generate-ari from /ari/api-docs of a running Asterisk. Do not edit: run it again.
"""
'''
# Where the names come from that a generated file may use.
IMPORTED = {
    **dict.fromkeys(("Mapping", "Sequence"), "collections.abc"),
    **dict.fromkeys(("Literal", "NotRequired", "TypedDict"), "typing"),
    **dict.fromkeys(
        ("Fields", "Request", "Vars", "body", "query", "segment"),
        "callcenter.adapters.asterisk.ari.request",
    ),
}

SIMPLE = {
    "string": "str",
    "Date": "str",
    "boolean": "bool",
    "int": "int",
    "long": "int",
    "double": "float",
    "object": "dict[str, object]",
    "void": "None",
    "binary": "bytes",
}
# `list` as a function would hide the builtin from the annotations beside it.
RENAMED = {"list": "list_all"}


def fetch(url: str, user: str, password: str) -> list[Description]:
    """Read all resource descriptions from the switch whose ARI is at `url`.

    Raises OSError (urllib's) when the switch cannot be reached or does not know the user.
    """
    token = b64encode(f"{user}:{password}".encode()).decode()

    def read(name: str) -> Description:
        address = f"{url.rstrip('/')}/api-docs/{name}.json"
        request = urllib.request.Request(address, headers={"Authorization": f"Basic {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            described: Description = orjson.loads(answer.read())
            return described

    paths = [entry["path"] for entry in read("resources")["apis"]]
    return [read(path.rpartition("/")[2].removesuffix(".{format}")) for path in sorted(paths)]


def render(resources: Iterable[Description]) -> dict[str, str]:
    """The files of the package and their text; the same for the same description."""
    described = sorted(resources, key=_resource_name)
    models: dict[str, Description] = {}
    for resource in described:
        models.update(resource.get("models", {}))
    parents = {child: name for name, model in models.items() for child in model.get("subTypes", ())}
    messages = {name for name in models if _root(name, parents) == "Message"}
    known = dict(IMPORTED)
    files = {"__init__.py": INTRODUCTION.format(what="ARI, as the switch describes it.")}
    for file, what, names in (
        ("objects", "What the switch has, as it shows it.", models.keys() - messages),
        ("messages", "What the switch says unasked.", messages),
    ):
        written = [_model(name, models[name], parents) for name in _ordered(names, parents)]
        if names == messages:
            written += _events(models, parents)
        files[f"{file}.py"] = _file(what, written, known)
        known |= dict.fromkeys(names, f"callcenter.adapters.asterisk.ari.generated.{file}")
    for resource in described:
        name = _resource_name(resource)
        files[f"{_snake(name)}.py"] = _file(f"Requests to /{name}.", _builders(resource), known)
    return files


def _file(what: str, parts: Iterable[str], known: Mapping[str, str]) -> str:
    """All that is known is imported; what is not used is taken out again by the formatter."""
    imports = [f"from {module} import {name}" for name, module in known.items()]
    future = "from __future__ import annotations"
    head = [INTRODUCTION.format(what=what), future, "\n".join(imports)]
    return _formatted("\n\n".join([*head, *parts]) + "\n")


def _root(name: str, parents: Mapping[str, str]) -> str:
    return _root(parents[name], parents) if name in parents else name


def _ordered(names: Iterable[str], parents: Mapping[str, str]) -> list[str]:
    return sorted(names, key=lambda name: (_depth(name, parents), name))


def _events(models: Mapping[str, Description], parents: Mapping[str, str]) -> Iterator[str]:
    events = sorted(n for n in models if _is_event(n, parents) and "subTypes" not in models[n])
    yield "AnyEvent = " + " | ".join(events)
    yield f"EVENT_TYPES = frozenset({events!r})"


def _depth(name: str, parents: Mapping[str, str]) -> int:
    return 1 + _depth(parents[name], parents) if name in parents else 0


def _is_event(name: str, parents: Mapping[str, str]) -> bool:
    return name == "Event" or (name in parents and _is_event(parents[name], parents))


def _model(name: str, model: Description, parents: Mapping[str, str]) -> str:
    fields = {key: _field(prop) for key, prop in sorted(model["properties"].items())}
    # The kind is a field of the leaves only: there it is a constant that narrows a union.
    fields.pop(model.get("discriminator", ""), None)
    if name in parents and "subTypes" not in model:
        fields = {"type": f"Literal[{name!r}]", **fields}
    if all(key.isidentifier() and not keyword.iskeyword(key) for key in fields):
        lines = [f"    {key}: {kind}" for key, kind in fields.items()] or ["    pass"]
        return f"class {name}({parents.get(name, 'TypedDict')}):\n" + "\n".join(lines)
    pairs = ", ".join(f"{key!r}: {kind}" for key, kind in fields.items())
    return f"{name} = TypedDict({name!r}, {{{pairs}}})"


def _field(prop: Description) -> str:
    kind = _type(prop["type"])
    return kind if prop.get("required") else f"NotRequired[{kind}]"


def _type(described: str) -> str:
    inner = re.fullmatch(r"List\[(\w+)\]", described)
    if inner:
        return f"list[{_type(inner[1])}]"
    return SIMPLE.get(described, described)


def _resource_name(resource: Description) -> str:
    name: str = resource["resourcePath"].rpartition("/")[2].removesuffix(".{format}")
    return name


def _builders(resource: Description) -> list[str]:
    return [
        _builder(api["path"], operation)
        for api in resource["apis"]
        for operation in api["operations"]
        if "upgrade" not in operation  # The WebSocket itself is opened by the transports.
    ]


def _builder(path: str, operation: Description) -> str:
    given = operation.get("parameters", ())
    in_path = [p for p in given if p["paramType"] == "path"]
    others = sorted(
        (p for p in given if p["paramType"] != "path"), key=lambda p: not p.get("required")
    )
    signature = [f"{_argument(p['name'])}: str" for p in in_path]
    if others:
        signature += ["*", *map(_parameter, others)]
    queried = [p["name"] for p in others if p["paramType"] == "query"]
    pairs = [f"({name!r}, {_argument(name)})" for name in queried]
    bodies = [_body(p) for p in others if p["paramType"] == "body"]
    arguments = [repr(operation["httpMethod"]), _path(path)]
    if pairs or bodies:
        arguments.append(f"query({', '.join(pairs)})" if pairs else "()")
    name = RENAMED.get(operation["nickname"], _snake(operation["nickname"]))
    answer = _type(operation["responseClass"])
    return (
        f"def {name}({', '.join(signature)}) -> Request[{answer}]:\n"
        f"    return Request({', '.join([*arguments, *bodies])})"
    )


def _parameter(described: Description) -> str:
    kind = _parameter_type(described)
    name = _argument(described["name"])
    return f"{name}: {kind}" if described.get("required") else f"{name}: {kind} | None = None"


def _parameter_type(described: Description) -> str:
    if described["dataType"] == "containers":
        return "Fields" if described["name"] == "fields" else "Vars"
    if described["paramType"] == "body":
        return "Mapping[str, object]"
    if described.get("allowMultiple"):
        return "Sequence[str]"
    allowed = described.get("allowableValues", {})
    if allowed.get("valueType") == "LIST" and described["dataType"] == "string":
        return f"Literal[{', '.join(map(repr, allowed['values']))}]"
    return _type(described["dataType"])


def _body(described: Description) -> str:
    name = _argument(described["name"])
    # An `object` is the whole body, a `containers` is one member of it.
    return name if described["dataType"] == "object" else f"body({described['name']!r}, {name})"


def _path(path: str) -> str:
    parts = re.sub(r"\{(\w+)\}", lambda found: f"{{segment({_argument(found[1])})}}", path[1:])
    return f'f"{parts}"' if "{" in parts else f'"{parts}"'


def _argument(name: str) -> str:
    spelled = _snake(name)
    return f"{spelled}_" if keyword.iskeyword(spelled) or spelled in ("body", "query") else spelled


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z]+)", r"_\1", name).lower()


def _formatted(source: str) -> str:
    for verb in (("check", "--fix", "--select=F401,I"), ("format",)):
        command = [sys.executable, "-m", "ruff", *verb, "--isolated", "--line-length=100", "-"]
        done = subprocess.run(command, input=source, capture_output=True, text=True, check=True)
        source = done.stdout
    return source


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(
            "usage: scripts/generate-ari URL USER PASSWORD  (URL such as http://127.0.0.1:8088/ari)"
        )
    files = render(fetch(*sys.argv[1:]))
    for old in PACKAGE.glob("*.py"):
        if old.name not in files:
            old.unlink()
    for name, text in files.items():
        (PACKAGE / name).write_text(text)


if __name__ == "__main__":
    main()
