"""The nodes of a flow, each kind from the plain data it is written as (`parse` shows the shape)."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from callcenter.core.durations import of_seconds
from callcenter.core.errors import Invalid
from callcenter.core.ids import QueueId
from callcenter.core.ivr.callback_times import CALLBACK_TIMES, callback_times
from callcenter.core.ivr.flow import (
    GIVEN,
    KEYS,
    LONGEST_MESSAGE,
    LONGEST_WAIT,
    MOST_DIGITS,
    SHORTEST_LIMIT,
    SHORTEST_WAIT,
    USUAL_TRIES,
    CallBack,
    Collect,
    Enqueue,
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
    Voicemail,
)
from callcenter.core.reading import Path, Reader, shown, word
from callcenter.core.skills import LONGEST_NEED, parse_need, text_of

_MOST_NODES: Final = 500
_MOST_TRIES: Final = 10
# How somebody joins a queue, or has their place kept in it.
_PLACE: Final = ("priority_seconds", "requires", "prefers", "wait_counts_from")
_LONGEST_PRIORITY: Final = 86_400
_LONGEST_LIMIT: Final = 14_400

Prompts = dict[PromptName, Mapping[Language, tuple[Utterance, ...]]]


def keys_of(value: object) -> list[str]:
    """What the entries of a mapping are called; nothing for anything else."""
    return [str(key) for key in value] if isinstance(value, Mapping) else []


class Nodes:
    """Reads the nodes of one flow against the names that it declares."""

    def __init__(
        self, reader: Reader, data: object, prompts: Prompts, languages: tuple[Language, ...]
    ) -> None:
        self._reader = reader
        self._data = data
        self._names = keys_of(data)
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
            "voicemail": self._voicemail,
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
        ways = ("nobody", "nobody_ready", "full", "long_wait")
        limits = ("most_waiting", "longest_wait_seconds")
        fields = self._reader.fields(
            body, path, required=("queue", "then"), optional=(*ways, *limits)
        )
        if fields is None:
            return None
        halves = zip(ways[2:], limits, strict=True)
        if any((way in fields) != (limit in fields) for way, limit in halves) or not (
            fields.keys() & set(ways)
        ):
            self._reader.note(
                "nothing-asked",
                path,
                "Say where to go if `nobody` is signed in, if `nobody_ready`, if it is `full`, with"
                " `most_waiting: 20`, or on a `long_wait`, with `longest_wait_seconds: 600`.",
                "请填写无人签入（nobody）、无人就绪（nobody_ready）、已满（full，并填写 most_waiting: 20）"
                "或等待过长（long_wait，并填写 longest_wait_seconds: 600）时的去向。",
            )
        queue = QueueId(self._reader.name(fields["queue"], (*path, "queue")) or "")
        to = {way: self._target(fields, way, path) for way in ways if way in fields}
        most = None
        if "most_waiting" in fields:
            place = (*path, "most_waiting")
            most = self._reader.count(fields["most_waiting"], place, least=0, most=100_000)
        seconds = None
        if "longest_wait_seconds" in fields:
            place, given = (*path, "longest_wait_seconds"), fields["longest_wait_seconds"]
            seconds = self._reader.number(given, place, least=1, most=_LONGEST_LIMIT)
        return Staffing(
            queue,
            self._target(fields, "then", path),
            to.get("nobody"),
            to.get("nobody_ready"),
            to.get("full"),
            most,
            to.get("long_wait"),
            of_seconds(seconds),
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
        fields = self._reader.fields(body, path, required=(), optional=("prompt", "busy"))
        if fields is None:
            return None
        busy = fields.get("busy", False)
        if not isinstance(busy, bool):
            self._reader.note(
                "no-yes-or-no",
                (*path, "busy"),
                f"{shown(busy)} is neither: write true or false.",
                f"{shown(busy)} 无效，请写 true 或 false。",
            )
        return HangUp(self._optional_prompt(fields, "prompt", path), busy is True)

    def _voicemail(self, body: object, path: Path) -> Voicemail | None:
        fields = self._reader.fields(
            body, path, required=("prompt",), optional=("longest_seconds",)
        )
        if fields is None:
            return None
        prompt = self._optional_prompt(fields, "prompt", path)
        if "longest_seconds" not in fields:
            return Voicemail(prompt)
        limits = SHORTEST_LIMIT.total_seconds(), LONGEST_MESSAGE.total_seconds()
        place, given = (*path, "longest_seconds"), fields["longest_seconds"]
        seconds = self._reader.number(given, place, least=limits[0], most=limits[1])
        return Voicemail(prompt, of_seconds(seconds) or LONGEST_MESSAGE)

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
