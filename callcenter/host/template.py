"""The tiny language of the files in `asterisk-conf/` and `dialplan/`: `{{name}}` and nothing else.

`string.Template` is out of the question because the dialplan's own variables are `${NAME}`.
A name that nobody gave a value for is an error, never an empty string. A single value cannot
bring a second line or a comment with it, so that a setting never becomes configuration.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}")


class TemplateError(Exception):
    """A template asks for something it cannot have; says the file and the line."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines that were themselves rendered, and may therefore hold line ends."""

    text: str


Value = str | int | Path | bool | Block


def render(text: str, values: Mapping[str, Value], *, source: str) -> str:
    """Replace every placeholder of `text`.

    Raises:
        TemplateError: a placeholder without a value, or a value that would break out of its line.
    """
    lines = text.splitlines()
    return "\n".join(_line(line, values, f"{source}:{n}") for n, line in enumerate(lines, 1)) + "\n"


def _line(line: str, values: Mapping[str, Value], where: str) -> str:
    def replace(match: re.Match[str]) -> str:
        name = match[1].strip()
        if name not in values:
            known = ", ".join(sorted(values))
            raise TemplateError(f"{where}: nothing is called {{{{{name}}}}}; there is: {known}")
        return _text(values[name], f"{where}: {name}")

    return _PLACEHOLDER.sub(replace, line)


def _text(value: Value, where: str) -> str:
    match value:
        case Block(text):
            return text.rstrip("\n")
        case bool():
            return "yes" if value else "no"
    text = str(value)
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise TemplateError(f"{where} holds a control character or a line end; take it out")
    return text.replace(";", "\\;")
