"""The whole configuration as one document, in the words of the API's own shapes.

Which fields an entry has, what they may be and what they are by default is asked of the shapes and of
an entry of which nothing is said: a field that a queue is given later is in the document by itself.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from callcenter.adapters.http.routes.agents import AgentFields, agent_entry, agent_shown
from callcenter.adapters.http.routes.codes import (
    DispositionTarget,
    PauseReasonTarget,
    disposition_of,
    disposition_shown,
    pause_reason,
    reason_shown,
)
from callcenter.adapters.http.routes.numbers import NumberTarget, number_shown
from callcenter.adapters.http.routes.queues import QueueChange, changed_rules, queue_shown
from callcenter.adapters.http.routes.skills import SkillNames, skill_shown
from callcenter.adapters.http.shapes import Shape
from callcenter.core.access import Actor, Role
from callcenter.core.acd.queue import QueueRules
from callcenter.core.codes import Disposition, PauseReason
from callcenter.core.ids import AgentId, FlowId, QueueId
from callcenter.core.reading import Path, Problem, Reader, unknown
from callcenter.ports.store import AgentProfile, Change, NumberEntry, Skill
from callcenter.services.blueprint import AgentEntry, Blueprint

Document = Mapping[str, Mapping[str, Mapping[str, Any]]]

# Whoever may read a document sees all of everybody.
_READER: Final = Actor("document", Role.ADMIN)
_QUIET: Final[Mapping[str, Any]] = {"queues": {}, "agents": {}}


@dataclass(frozen=True, slots=True)
class _Section:
    """One kind of entry: what may be said of it, what that makes, how it is shown, one of which nothing is
    said, and what stands for one that cannot be read."""

    said: type[Shape]
    made: Callable[[str, Any], Any]
    shown: Callable[[Any], Shape]
    plain: Callable[[str], Any]
    unread: Callable[[str], Any]

    def full(self, entry: Any) -> dict[str, Any]:
        """All that can be said of it."""
        # Shown fields have no defaults, so that only what they hold is told more shortly.
        return self.shown(entry).model_dump(
            mode="json", include=set(self.said.model_fields), exclude_defaults=True
        )


_SECTIONS: Final[Mapping[str, _Section]] = {
    "skills": _Section(
        SkillNames,
        lambda id, said: Skill(id, said.name_en, said.name_zh),
        skill_shown,
        lambda id: Skill(id, ""),
        lambda id: Skill(id, "?"),
    ),
    "queues": _Section(
        QueueChange,
        lambda id, said: changed_rules(QueueRules(QueueId(id)), said),
        lambda rules: queue_shown(rules, _QUIET),
        lambda id: QueueRules(QueueId(id)),
        lambda id: QueueRules(QueueId(id)),
    ),
    "agents": _Section(
        AgentFields,
        lambda id, said: agent_entry(AgentId(id), said),
        lambda entry: agent_shown(_READER, entry, {}),
        lambda id: AgentEntry(AgentProfile(AgentId(id), "")),
        lambda id: AgentEntry(AgentProfile(AgentId(id), "?")),
    ),
    "numbers": _Section(
        NumberTarget,
        lambda id, said: NumberEntry(id, FlowId(said.flow), said.requires, said.prefers),
        number_shown,
        lambda id: NumberEntry(id, FlowId("")),
        lambda _: None,
    ),
    "pause_reasons": _Section(
        PauseReasonTarget,
        pause_reason,
        reason_shown,
        lambda id: PauseReason(id, ""),
        lambda id: PauseReason(id, "?"),
    ),
    "dispositions": _Section(
        DispositionTarget,
        disposition_of,
        disposition_shown,
        lambda id: Disposition(id, ""),
        lambda id: Disposition(id, "?"),
    ),
}


def document_of(blueprint: Blueprint) -> Document:
    """What differs from the defaults."""
    return {
        name: {
            id: _differing(section.full(entry), section.full(section.plain(id)))
            for id, entry in sorted(getattr(blueprint, name).items())
        }
        for name, section in _SECTIONS.items()
    }


def text_of(blueprint: Blueprint) -> str:
    """The document as text: of the same always the same."""
    return json.dumps(document_of(blueprint), ensure_ascii=False)


def changes_of(now: Blueprint, target: Blueprint) -> list[Change]:
    """What becomes of what there is."""
    return [
        change
        for name, section in _SECTIONS.items()
        for change in _changes(name, section, getattr(now, name), getattr(target, name))
    ]


def read_document(data: object) -> tuple[Blueprint, list[Problem]]:
    """What is written, and everything that cannot be read. Something stands for an entry that cannot,
    so that others may name it."""
    reader = Reader()
    found: dict[str, dict[str, Any]] = {}
    sections = reader.mapping(data, ()) or {}
    for name, entries in sections.items():
        if name not in _SECTIONS:
            reader.problems.append(_unknown_key((str(name),), _SECTIONS))
            continue
        section = _SECTIONS[str(name)]
        found[str(name)] = {
            str(id): _entry(reader, section, str(id), (str(name), str(id)), said)
            for id, said in (reader.mapping(entries, (str(name),)) or {}).items()
        }
    readable: dict[str, dict[Any, Any]] = {
        name: {id: one for id, one in of.items() if one} for name, of in found.items()
    }
    said = Blueprint(
        readable.get("skills", {}),
        readable.get("queues", {}),
        readable.get("agents", {}),
        readable.get("numbers", {}),
        readable.get("pause_reasons", {}),
        readable.get("dispositions", {}),
        frozenset(found),
    )
    return said, reader.problems


def _entry(reader: Reader, section: _Section, id: str, path: Path, said: object) -> Any:
    if said is None:
        reader.note(
            "nothing-said",
            path,
            "Nothing is said of it: write its fields below, further in, or {} for the defaults.",
            "没有任何内容：请在下方缩进填写字段，或写 {} 使用默认值。",
        )
        return section.unread(id)
    try:
        # The way of a request's body: read strictly, as JSON.
        return section.made(id, section.said.model_validate_json(json.dumps(said), strict=True))
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            reader.problems.append(_problem(section.said, path, detail))
        return section.unread(id)


def _differing(full: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in full.items() if value != usual.get(name)}


def _changes(
    name: str, section: _Section, now: Mapping[str, Any], target: Mapping[str, Any]
) -> list[Change]:
    found = []
    for id in sorted({*now, *target}):
        plain = section.full(section.plain(id))
        before = section.full(now[id]) if id in now else plain
        after = section.full(target[id]) if id in target else plain
        fields = {
            key: (before.get(key), after.get(key))
            for key in {**before, **after}
            if before.get(key) != after.get(key)
        }
        if id not in now:
            found.append(Change("added", name, id, fields))
        elif id not in target:
            found.append(Change("removed", name, id, fields))
        elif fields:
            found.append(Change("changed", name, id, fields))
    return found


_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("This is missing: add it.", "缺少此项，请补上。"),
    "string_type": ("Write text, in quotes.", "请填写文本，并加引号。"),
    "bool_type": ("Write true or false.", "请填写 true 或 false。"),
    "int_type": ("Write a whole number.", "请填写整数。"),
    "int_from_float": ("Write a whole number.", "请填写整数。"),
    "float_type": ("Write a number.", "请填写数字。"),
    "finite_number": ("Write a number that is not infinite.", "请填写有限的数字。"),
    "mapping_type": ("Write `key: value` lines.", "请写成 `键: 值` 形式。"),
    "dict_type": ("Write `key: value` lines.", "请写成 `键: 值` 形式。"),
    "model_type": ("Write `key: value` lines.", "请写成 `键: 值` 形式。"),
    "model_attributes_type": ("Write `key: value` lines.", "请写成 `键: 值` 形式。"),
    "list_type": ("Write a list such as [a, b].", "请写成列表，例如 [a, b]。"),
    "sequence_type": ("Write a list such as [a, b].", "请写成列表，例如 [a, b]。"),
    "greater_than_equal": ("Write {ge} or more.", "请填写不小于 {ge} 的值。"),
    "less_than_equal": ("Write {le} or less.", "请填写不大于 {le} 的值。"),
    "string_too_short": ("Write something here.", "请填写内容。"),
    "string_too_long": ("At most {max_length} characters.", "最多 {max_length} 个字符。"),
    "too_long": ("At most {max_length} of them.", "最多 {max_length} 项。"),
    "enum": ("Write one of {expected}.", "请填写以下之一：{expected}。"),
    "string_pattern_mismatch": ("Write what fits {pattern}.", "请按此格式填写：{pattern}。"),
}


def _problem(said: type[Shape], path: Path, detail: ErrorDetails) -> Problem:
    kind, inner = detail["type"], tuple(step for step in detail["loc"] if step != "[key]")
    if kind == "extra_forbidden":
        return _unknown_key((*path, *inner), _known(said, inner[:-1]))
    context = detail.get("ctx", {})
    if kind in _TEXTS:
        en, zh = (text.format(**context) for text in _TEXTS[kind])
    else:
        message = detail["msg"]
        en, zh = f"{message}.", f"{context.get('zh', message)}。"
    return Problem.of(kind.replace("_", "-"), (*path, *inner), en, zh)


def _unknown_key(path: Path, known: Mapping[str, Any]) -> Problem:
    return unknown("unknown-key", path, "key", str(path[-1]), known)


def _known(said: type[Shape], path: Path) -> Mapping[str, Any]:
    """The fields that may stand at a place within a shape."""
    schema = said.model_json_schema()
    place: Any = schema
    for step in path:
        place = place["items"] if isinstance(step, int) else place["properties"][step]
        place = next((one for one in place.get("anyOf", ()) if one.get("type") != "null"), place)
        if "$ref" in place:
            place = schema["$defs"][place["$ref"].rpartition("/")[2]]
    fields: Mapping[str, Any] = place["properties"]
    return fields
