"""What the centre says itself when the file with its announcements cannot be read.

The system flow is a file like the others, so that an operator can change its words, and can break it.
A caller must not meet silence for that. These words are short on purpose: whoever hears them should
want the file back.
"""

from typing import Final

from callcenter.core.ids import FlowId
from callcenter.core.ivr.announcements import (
    AGENT_ACCEPT,
    CALLBACK_HERE,
    GOODBYE,
    LEAVE_MESSAGE,
    LINES_BUSY,
    OUT_OF_ORDER,
    QUEUE_NO_AGENTS,
    SYSTEM_FLOW,
    SYSTEM_PROMPTS,
    UNKNOWN_NUMBER,
)
from callcenter.core.ivr.flow import Flow, HangUp, Language, NodeId, PromptName, Utterance

BROKEN_FLOW: Final = FlowId("out-of-order")
"""Where numbers lead whose own flow cannot be used."""

_ENGLISH: Final = Language("en")
_CHINESE: Final = Language("zh")
_WORDS: Final = {
    UNKNOWN_NUMBER: ("This number is not in use.", "您拨打的号码是空号。"),
    OUT_OF_ORDER: (
        "This line is out of order. Please call again later.",
        "线路故障，请稍后再拨。",
    ),
    QUEUE_NO_AGENTS: (
        "Nobody can take your call now. Please call again later.",
        "目前无法接听，请稍后再拨。",
    ),
    GOODBYE: ("Goodbye.", "再见。"),
    LINES_BUSY: ("All lines are busy. Please call again later.", "线路繁忙，请稍后再拨。"),
    CALLBACK_HERE: ("This is the call back that you asked for.", "这是您预约的回电。"),
    LEAVE_MESSAGE: ("Please leave a message after the tone.", "请在提示音后留言。"),
    AGENT_ACCEPT: ("A call for you. Press 1 to take it.", "您有来电，接听请按 1。"),
}
_HOLD: Final = ("Please hold the line.", "请稍候。")


def emergency_system_flow() -> Flow:
    """A system flow made of nothing but this file."""
    prompts = {name: _said(*_WORDS.get(name, _HOLD)) for name in sorted(SYSTEM_PROMPTS)}
    start = NodeId("unknown-number")
    nodes = {start: HangUp(UNKNOWN_NUMBER)}
    return Flow(SYSTEM_FLOW, "emergency", start, nodes, prompts, (_ENGLISH, _CHINESE), _ENGLISH)


def broken_flow(system: Flow) -> Flow:
    """Says that the line is out of order, in the words of the system flow, and hangs up."""
    start = NodeId("out-of-order")
    said = system.prompts.get(OUT_OF_ORDER) or _said(*_WORDS[OUT_OF_ORDER])
    languages = tuple(language for language in system.languages if language in said)
    default = system.default_language if system.default_language in said else languages[0]
    return Flow(
        BROKEN_FLOW,
        system.version,
        start,
        {start: HangUp(OUT_OF_ORDER)},
        {OUT_OF_ORDER: said},
        languages,
        default,
    )


def _said(english: str, chinese: str) -> dict[Language, tuple[Utterance, ...]]:
    return {
        _ENGLISH: (Utterance(_ENGLISH, english),),
        _CHINESE: (Utterance(_CHINESE, chinese),),
    }


def missing_announcements(system: Flow) -> list[PromptName]:
    """What a system flow from a file does not say, though the centre may have to."""
    return sorted(name for name in SYSTEM_PROMPTS if name not in system.prompts)
