"""Plain data to a sound flow, or every mistake in it with its place and its cure.

Sound means: every node, prompt and language that is named exists, every key is a key of a
telephone, every wait is short enough. What depends on the rest of the centre (queues, calendars)
or on the graph as a whole is `check`'s. The shape, one node of each kind:

    id: hotline
    languages: [zh, en]                # the first is the default
    start: welcome
    nodes:
      welcome: {play: {prompt: hello, then: choose}}
      choose:  {menu: {prompt: ask, choices: {1: english}, otherwise: english, tries: 3,
                       wait_seconds: 2.5, on_timeout: sorry, on_invalid: sorry}}
      english: {set_language: {language: en, then: open}}
      open:    {hours: {calendar: office, open: sales, closed: bye}}
      busy:    {staffing: {queue: sales, nobody: bye, full: bye, most_waiting: 20,
                          long_wait: bye, longest_wait_seconds: 600, then: sales}}
      order:   {collect: {prompt: ask, into: order, least: 4, most: 12, terminator: "#", then: told,
                          otherwise: sales, tries: 3, wait_seconds: 2.5, on_timeout: sorry,
                          on_invalid: sorry}}
      told:    {say: {value: order, as: digits, then: sales}}    # digits, number, date, time
      sales:   {enqueue: {queue: sales, priority_seconds: 0, requires: english >= 50,
                          wait_counts_from: queue}}                # or arrival
      later:   {callback: {queue: sales, number: ani, first: agent, prompt: bye, refused: sales,
                           tries: 3, ring_seconds: 30, retry_minutes: 10, expires_hours: 24}}
      bye:     {hang_up: {prompt: goodbye, busy: false}}
      message: {voicemail: {prompt: leave-word, longest_seconds: 120}}
    prompts:
      hello: {zh: 您好。, en: Hello.}
      ask: [{zh: 英文请按 1。}, {en: For English, press 1.}]    # said part by part to everybody
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Final

from callcenter.core.ids import FlowId
from callcenter.core.ivr.flow import Flow, Language, NodeId, PromptName, Utterance
from callcenter.core.ivr.nodes import Nodes, Prompts, keys_of
from callcenter.core.reading import Path, Reader, Unreadable, shown, word

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}")
_MOST_PROMPTS: Final = 1000
_MOST_LANGUAGES: Final = 20
_MOST_PARTS: Final = 20
# Two minutes of speech; nobody listens for longer without being asked something.
LONGEST_TEXT: Final = 600


def parse_flow(data: object) -> Flow:
    """Read one flow.

    Raises: Unreadable, with every problem.
    """
    reader = Reader()
    required = ("id", "languages", "start", "nodes", "prompts")
    fields = reader.fields(data, (), required=required)
    if fields is None:
        raise Unreadable(reader.problems)
    flow_id = reader.name(fields["id"], ("id",))
    languages = _languages(reader, fields["languages"], ("languages",))
    prompts = _prompts(reader, fields["prompts"], ("prompts",), languages)
    nodes = Nodes(reader, fields["nodes"], prompts, languages).read()
    start = word(fields["start"])
    reader.choice(start, ("start",), keys_of(fields["nodes"]), "unknown-node", "node")
    if flow_id is None or not languages:
        raise Unreadable(reader.problems)
    reader.finish()
    source = _keyed_by_text(fields)
    version, default = _version(source), languages[0]
    return Flow(FlowId(flow_id), version, NodeId(start), nodes, prompts, languages, default, source)


def _version(source: object) -> str:
    canonical = json.dumps(source, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _keyed_by_text(value: object) -> object:
    """The same data with every key a text: YAML reads a menu's 1 as a number and its "*" as text."""
    if isinstance(value, Mapping):
        return {str(key): _keyed_by_text(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_keyed_by_text(entry) for entry in value]
    return value


def _languages(reader: Reader, value: object, path: Path) -> tuple[Language, ...]:
    found: list[Language] = []
    listed = reader.listing(value, path)
    for index, entry in enumerate((listed or ())[:_MOST_LANGUAGES]):
        if isinstance(entry, str) and _LANGUAGE.fullmatch(entry) and entry not in found:
            found.append(Language(entry))
            continue
        reader.note(
            "bad-language",
            (*path, index),
            f"{shown(entry)} is no language, or comes twice: write a code such as zh or en.",
            f"{shown(entry)} 不是语言代码或已重复，请写 zh 或 en 这样的代码。",
        )
    if listed is not None and not listed:
        reader.note(
            "no-language", path, "Name at least one language: [zh].", "请至少写一种语言：[zh]。"
        )
    return tuple(found)


def _prompts(reader: Reader, value: object, path: Path, languages: tuple[Language, ...]) -> Prompts:
    prompts: Prompts = {}
    for name, entry, place in reader.entries(value, path, most=_MOST_PROMPTS):
        said: dict[Language, tuple[Utterance, ...]] = {}
        if isinstance(entry, Mapping):
            for part in _utterances(reader, entry, place, languages):
                said[part.language] = (part,)
        elif parts := _parts(reader, entry, place, languages):
            said = dict.fromkeys(languages, parts)
        prompts[PromptName(name)] = said
    return prompts


def _parts(
    reader: Reader, value: object, path: Path, languages: tuple[Language, ...]
) -> tuple[Utterance, ...]:
    listed = reader.listing(value, path) or ()
    found: list[Utterance] = []
    for index, entry in enumerate(listed[:_MOST_PARTS]):
        found.extend(_utterances(reader, entry, (*path, index), languages))
    return tuple(found)


def _utterances(
    reader: Reader, value: object, path: Path, languages: tuple[Language, ...]
) -> list[Utterance]:
    found: list[Utterance] = []
    for key, entry in (reader.mapping(value, path) or {}).items():
        place = (*path, str(key))
        known = reader.choice(str(key), place, languages, "unknown-language", "language")
        text = reader.text(entry, place, longest=LONGEST_TEXT)
        if text is None or not known:
            continue
        if not any(c.isalnum() for c in text) or any(_is_control(c) for c in text):
            reader.note(
                "not-speakable",
                place,
                "This text cannot be spoken: write words, without control characters.",
                "这段文本无法朗读，请写文字，不要包含控制字符。",
            )
            continue
        found.append(Utterance(Language(str(key)), " ".join(text.split())))
    return found


def _is_control(character: str) -> bool:
    return not character.isprintable() and not character.isspace()
