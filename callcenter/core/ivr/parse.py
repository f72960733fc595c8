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
      busy:    {staffing: {queue: sales, nobody: bye, full: bye, most_waiting: 20, then: sales}}
      order:   {collect: {prompt: ask, into: order, least: 4, most: 12, terminator: "#", then: told,
                          otherwise: sales, tries: 3, wait_seconds: 2.5, on_timeout: sorry,
                          on_invalid: sorry}}
      told:    {say: {value: order, as: digits, then: sales}}    # digits, number, date, time
      sales:   {enqueue: {queue: sales, priority_seconds: 0, requires: english >= 50,
                          wait_counts_from: queue}}                # or arrival
      later:   {callback: {queue: sales, number: ani, first: agent, prompt: bye, refused: sales,
                           tries: 3, ring_seconds: 30, retry_minutes: 10, expires_hours: 24}}
      bye:     {hang_up: {prompt: goodbye}}
    prompts:
      hello: {zh: 您好。, en: Hello.}
      ask: [{zh: 英文请按 1。}, {en: For English, press 1.}]    # said part by part to everybody
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from callcenter.core.errors import Invalid
from callcenter.core.ids import FlowId, QueueId
from callcenter.core.ivr.callback_times import CALLBACK_TIMES, callback_times
from callcenter.core.ivr.flow import (
    GIVEN,
    KEYS,
    LONGEST_WAIT,
    MOST_DIGITS,
    SHORTEST_WAIT,
    USUAL_TRIES,
    CallBack,
    Collect,
    Enqueue,
    Flow,
    HangUp,
    Hours,
    Language,
    Menu,
    Node,
    NodeId,
    Play,
    PromptName,
    SayValue,
    SetLanguage,
    SpokenAs,
    Staffing,
    Utterance,
)
from callcenter.core.reading import Path, Reader, Unreadable, shown, word
from callcenter.core.skills import LONGEST_NEED, parse_need, text_of

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}")
_MOST_NODES: Final = 500
_MOST_PROMPTS: Final = 1000
_MOST_LANGUAGES: Final = 20
_MOST_PARTS: Final = 20
_MOST_TRIES: Final = 10
# How somebody joins a queue, or has their place kept in it.
_PLACE: Final = ("priority_seconds", "requires", "prefers", "wait_counts_from")
_LONGEST_PRIORITY: Final = 86_400
# Two minutes of speech; nobody listens for longer without being asked something.
LONGEST_TEXT: Final = 600

Prompts = dict[PromptName, Mapping[Language, tuple[Utterance, ...]]]


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
    nodes = _Nodes(reader, fields["nodes"], prompts, languages).read()
    start = word(fields["start"])
    reader.choice(start, ("start",), _keys(fields["nodes"]), "unknown-node", "node")
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


def _keys(value: object) -> list[str]:
    return [str(key) for key in value] if isinstance(value, Mapping) else []


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


class _Nodes:
    """Reads the nodes of one flow against the names that it declares."""

    def __init__(
        self, reader: Reader, data: object, prompts: Prompts, languages: tuple[Language, ...]
    ) -> None:
        self._reader = reader
        self._data = data
        self._names = _keys(data)
        self._prompts = prompts
        self._languages = languages
        self._kinds: Mapping[str, Callable[[object, Path], Node | None]] = {
            "play": self._play,
            "menu": self._menu,
            "collect": self._collect,
            "say": self._say,
            "set_language": self._set_language,
            "hours": self._hours,
            "staffing": self._staffing,
            "enqueue": self._enqueue,
            "callback": self._callback,
            "hang_up": self._hang_up,
        }

    def read(self) -> dict[NodeId, Node]:
        nodes: dict[NodeId, Node] = {}
        entries = self._reader.entries(self._data, ("nodes",), most=_MOST_NODES)
        for name, entry, path in entries:
            node = self._node(entry, path)
            if node is not None:
                nodes[NodeId(name)] = node
        return nodes

    def _node(self, entry: object, path: Path) -> Node | None:
        data = self._reader.mapping(entry, path)
        if data is None:
            return None
        if len(data) != 1:
            self._reader.note(
                "not-one-kind",
                path,
                f"A node is of one kind: write exactly one of {', '.join(self._kinds)}.",
                f"一个节点只能有一种类型，请只写其中之一：{', '.join(self._kinds)}。",
            )
            return None
        ((kind, body),) = data.items()
        place = (*path, str(kind))
        if not self._reader.choice(str(kind), place, self._kinds, "unknown-node-kind", "node kind"):
            return None
        return self._kinds[str(kind)](body, place)

    def _play(self, body: object, path: Path) -> Play | None:
        fields = self._reader.fields(body, path, required=("prompt", "then"))
        if fields is None:
            return None
        return Play(self._prompt(fields, "prompt", path), self._target(fields, "then", path))

    def _menu(self, body: object, path: Path) -> Menu | None:
        fields = self._reader.fields(
            body,
            path,
            required=("prompt", "choices", "otherwise"),
            optional=("wait_seconds", "tries", "on_timeout", "on_invalid"),
        )
        if fields is None:
            return None
        return Menu(
            prompt=self._prompt(fields, "prompt", path),
            choices=self._choices(fields["choices"], (*path, "choices")),
            otherwise=self._target(fields, "otherwise", path),
            wait=self._wait(fields.get("wait_seconds"), (*path, "wait_seconds")),
            tries=self._tries(fields.get("tries"), (*path, "tries")),
            on_timeout=self._optional_prompt(fields, "on_timeout", path),
            on_invalid=self._optional_prompt(fields, "on_invalid", path),
        )

    def _collect(self, body: object, path: Path) -> Collect | None:
        optional = (
            "least",
            "most",
            "terminator",
            "wait_seconds",
            "tries",
            "on_timeout",
            "on_invalid",
        )
        required = ("prompt", "into", "then", "otherwise")
        fields = self._reader.fields(body, path, required=required, optional=optional)
        if fields is None:
            return None
        into = self._reader.name(fields["into"], (*path, "into")) or ""
        if into in GIVEN:
            self._reader.note(
                "given-variable",
                (*path, "into"),
                f"{into} is known already: choose another name.",
                f"{into} 已有固定含义，请换一个名称。",
            )
        count = self._reader.count
        most = fields.get("most", MOST_DIGITS)
        most = count(most, (*path, "most"), least=1, most=MOST_DIGITS) or MOST_DIGITS
        least = count(fields.get("least", 1), (*path, "least"), least=1, most=most) or 1
        return Collect(
            prompt=self._prompt(fields, "prompt", path),
            into=into,
            then=self._target(fields, "then", path),
            otherwise=self._target(fields, "otherwise", path),
            least=least,
            most=most,
            terminator=self._terminator(fields.get("terminator", "#"), (*path, "terminator")),
            wait=self._wait(fields.get("wait_seconds"), (*path, "wait_seconds")),
            tries=self._tries(fields.get("tries"), (*path, "tries")),
            on_timeout=self._optional_prompt(fields, "on_timeout", path),
            on_invalid=self._optional_prompt(fields, "on_invalid", path),
        )

    def _terminator(self, value: object, path: Path) -> str:
        if value in ("#", "*", ""):
            return str(value)
        self._reader.note(
            "bad-terminator",
            path,
            f'{shown(value)} cannot end the digits: write "#", "*", or "" for none.',
            f'{shown(value)} 不能作为结束键，请写 "#"、"*"，或写 "" 表示没有。',
        )
        return ""

    def _say(self, body: object, path: Path) -> SayValue | None:
        fields = self._reader.fields(body, path, required=("value", "as", "then"))
        if fields is None:
            return None
        how, place = word(fields["as"]), (*path, "as")
        if not self._reader.choice(how, place, SpokenAs, "unknown-manner", "manner"):
            return None
        value = self._reader.name(fields["value"], (*path, "value")) or ""
        return SayValue(value, SpokenAs(how), self._target(fields, "then", path))

    def _set_language(self, body: object, path: Path) -> SetLanguage | None:
        fields = self._reader.fields(body, path, required=("language", "then"))
        if fields is None:
            return None
        language = word(fields["language"])
        place = (*path, "language")
        self._reader.choice(language, place, self._languages, "unknown-language", "language")
        return SetLanguage(Language(language), self._target(fields, "then", path))

    def _hours(self, body: object, path: Path) -> Hours | None:
        fields = self._reader.fields(body, path, required=("calendar", "open", "closed"))
        if fields is None:
            return None
        calendar = self._reader.name(fields["calendar"], (*path, "calendar")) or ""
        return Hours(
            calendar, self._target(fields, "open", path), self._target(fields, "closed", path)
        )

    def _staffing(self, body: object, path: Path) -> Staffing | None:
        ways = ("nobody", "nobody_ready", "full")
        fields = self._reader.fields(
            body, path, required=("queue", "then"), optional=(*ways, "most_waiting")
        )
        if fields is None:
            return None
        if ("full" in fields) != ("most_waiting" in fields) or not fields.keys() & set(ways):
            self._reader.note(
                "nothing-asked",
                path,
                "Say where to go if `nobody` is signed in, if `nobody_ready`, or if it is `full`, with"
                " `most_waiting: 20`.",
                "请填写无人签入（nobody）、无人就绪（nobody_ready）或已满（full，并填写 most_waiting: 20）"
                "时的去向。",
            )
        queue = QueueId(self._reader.name(fields["queue"], (*path, "queue")) or "")
        to = {way: self._target(fields, way, path) for way in ways if way in fields}
        most = None
        if "most_waiting" in fields:
            place = (*path, "most_waiting")
            most = self._reader.count(fields["most_waiting"], place, least=0, most=100_000)
        return Staffing(
            queue,
            self._target(fields, "then", path),
            to.get("nobody"),
            to.get("nobody_ready"),
            to.get("full"),
            most,
        )

    def _enqueue(self, body: object, path: Path) -> Enqueue | None:
        fields = self._reader.fields(body, path, required=("queue",), optional=_PLACE)
        if fields is None:
            return None
        queue = self._reader.name(fields["queue"], (*path, "queue")) or ""
        head_start = fields.get("priority_seconds")
        seconds = 0.0
        if head_start is not None:
            place = (*path, "priority_seconds")
            most = _LONGEST_PRIORITY
            seconds = self._reader.number(head_start, place, least=0, most=most) or 0.0
        requires = self._need(fields.get("requires", ""), (*path, "requires"))
        prefers = self._need(fields.get("prefers", ""), (*path, "prefers"))
        begins = word(fields.get("wait_counts_from", "queue"))
        place = (*path, "wait_counts_from")
        self._reader.choice(begins, place, ("queue", "arrival"), "unknown-moment", "moment")
        wait = timedelta(seconds=seconds)
        return Enqueue(QueueId(queue), wait, requires, prefers, begins == "arrival")

    def _callback(self, body: object, path: Path) -> CallBack | None:
        required = ("queue", "prompt", "refused")
        more = (*_PLACE, *CALLBACK_TIMES, "number", "first", "tries")
        fields = self._reader.fields(body, path, required=required, optional=more)
        if fields is None:
            return None
        place = {one: fields[one] for one in ("queue", *_PLACE) if one in fields}
        joined = self._enqueue(place, path)
        first, parties = word(fields.get("first", "agent")), ("agent", "caller")
        self._reader.choice(first, (*path, "first"), parties, "unknown-party", "party")
        tries = self._reader.count(fields.get("tries", 3), (*path, "tries"), least=1, most=10)
        number = self._reader.name(fields.get("number", "ani"), (*path, "number")) or "ani"
        lasts = callback_times(self._reader, fields, path)
        said, refused = self._prompt(fields, "prompt", path), self._target(fields, "refused", path)
        if joined is None:
            return None
        return CallBack(joined, said, refused, number, first == "caller", tries or 3, *lasts)

    def _need(self, value: object, path: Path) -> str:
        text = self._reader.text(value, path, longest=LONGEST_NEED) or ""
        try:
            return text_of(parse_need(text))
        except Invalid as error:
            self._reader.note(
                "bad-need",
                path,
                f"{error}. Write such as english >= 50 and billing.",
                f"技能要求无法识别（{error}）。请写成如 english >= 50 and billing。",
            )
            return ""

    def _hang_up(self, body: object, path: Path) -> HangUp | None:
        if body is None:
            return HangUp()
        fields = self._reader.fields(body, path, required=(), optional=("prompt",))
        if fields is None:
            return None
        return HangUp(self._optional_prompt(fields, "prompt", path))

    def _choices(self, value: object, path: Path) -> dict[str, NodeId]:
        choices: dict[str, NodeId] = {}
        data = self._reader.mapping(value, path)
        for key, target in (data or {}).items():
            place = (*path, str(key))
            if len(str(key)) != 1 or str(key) not in KEYS or isinstance(key, bool):
                self._reader.note(
                    "bad-key",
                    place,
                    f'{shown(key)} is no key of a telephone: write 0 to 9, "*" or "#".',
                    f'{shown(key)} 不是电话按键，请写 0 到 9、"*" 或 "#"。',
                )
            if str(key) in choices:
                self._reader.note(
                    "key-given-twice",
                    place,
                    f"The key {shown(key)} is given twice: keep one of them.",
                    f"按键 {shown(key)} 重复出现，请只保留一个。",
                )
            self._reader.choice(word(target), place, self._names, "unknown-node", "node")
            choices[str(key)] = NodeId(word(target))
        if data is not None and not data:
            self._reader.note(
                "no-choices",
                path,
                "A menu needs at least one key: write 1: some-node, or use play.",
                "菜单至少需要一个按键，请写 1: 节点名，或改用 play。",
            )
        return choices

    def _wait(self, value: object, path: Path) -> timedelta:
        if value is None:
            return LONGEST_WAIT
        least, most = SHORTEST_WAIT.total_seconds(), LONGEST_WAIT.total_seconds()
        seconds = self._reader.number(value, path, least=least, most=most)
        return LONGEST_WAIT if seconds is None else timedelta(seconds=seconds)

    def _tries(self, value: object, path: Path) -> int:
        if value is None:
            return USUAL_TRIES
        return self._reader.count(value, path, least=1, most=_MOST_TRIES) or USUAL_TRIES

    def _target(self, fields: Mapping[str, object], key: str, path: Path) -> NodeId:
        target = word(fields[key])
        self._reader.choice(target, (*path, key), self._names, "unknown-node", "node")
        return NodeId(target)

    def _prompt(self, fields: Mapping[str, object], key: str, path: Path) -> PromptName:
        name = word(fields[key])
        self._reader.choice(name, (*path, key), self._prompts, "unknown-prompt", "prompt")
        return PromptName(name)

    def _optional_prompt(
        self, fields: Mapping[str, object], key: str, path: Path
    ) -> PromptName | None:
        return None if fields.get(key) is None else self._prompt(fields, key, path)
