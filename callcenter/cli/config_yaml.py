"""A configuration document as YAML that people read and `adapters.flows.yaml_source` reads back."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_PLAIN: Final = re.compile(r"[a-z][a-z_-]*[a-z0-9_-]*")
_WORDS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def written(document: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """The document: sections, entries, a line for each field."""
    lines: list[str] = []
    for section, entries in document.items():
        lines.append(f"{section}:" if entries else f"{section}: {{}}")
        for id, fields in entries.items():
            lines.append(f"  {_scalar(id)}:" if fields else f"  {_scalar(id)}: {{}}")
            for name, value in fields.items():
                lines += _field(name, value)
        lines.append("")
    return "\n".join(lines)


def _field(name: str, value: Any) -> list[str]:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [f"    {_scalar(name)}:", *(f"      - {one_line(step)}" for step in value)]
    return [f"    {_scalar(name)}: {one_line(value)}"]


def one_line(value: Any) -> str:
    """A value in YAML's short form."""
    if isinstance(value, Mapping):
        pairs = (f"{_scalar(key)}: {one_line(one)}" for key, one in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(one_line, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value not in _WORDS:
            return value
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        # Never with an exponent, which is no number to whoever reads it back.
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return json.dumps(value)
