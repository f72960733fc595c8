"""Every way the core says no, each with a code that never changes and words in both languages.

    CoreError
    ├── IllegalTransition      late and doubled facts are everyday life on a switch
    ├── NotPermitted           the actor may not do this
    ├── NotFound               NoSuchAgent · NoSuchQueue · NoSuchCall · NoSuchFlow · NoSuchNumber ·
    │                          NoSuchSkill
    ├── Conflict               NotSignedIn · AlreadySignedIn · NothingToWrap · NotWaiting ·
    │                          NameTaken · StillInUse
    └── Invalid                a value that cannot be: says which and how to mend it

`title` is the sentence shown to a person, by language; `detail` (the exception's argument) may add
ids and field names, never personal data.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar


def _words(en: str, zh: str) -> Mapping[str, str]:
    return MappingProxyType({"en": en, "zh": zh})


class CoreError(Exception):
    """Something the rules refuse."""

    code: ClassVar[str] = "refused"
    title: ClassVar[Mapping[str, str]] = _words("This cannot be done.", "无法执行此操作。")


class IllegalTransition(CoreError):
    """A move that is not in the table of legal moves."""

    code = "illegal-transition"
    title = _words("This is not possible in the present state.", "当前状态下不能执行此操作。")

    def __init__(self, state: str, step: str) -> None:
        super().__init__(f"{step} in {state}")


class NotPermitted(CoreError):
    code = "not-permitted"
    title = _words("You may not do this.", "您没有此操作的权限。")


class NotFound(CoreError):
    code = "not-found"
    title = _words("This does not exist.", "找不到该对象。")


class NoSuchAgent(NotFound):
    code = "no-such-agent"
    title = _words("There is no such agent.", "没有这位坐席。")


class NoSuchQueue(NotFound):
    code = "no-such-queue"
    title = _words("There is no such queue.", "没有这个队列。")


class NoSuchCall(NotFound):
    code = "no-such-call"
    title = _words("There is no such call, or it has ended.", "没有这个通话，或通话已结束。")


class NoSuchFlow(NotFound):
    code = "no-such-flow"
    title = _words("There is no such flow.", "没有这个流程。")


class NoSuchNumber(NotFound):
    code = "no-such-number"
    title = _words("There is no such number.", "没有这个号码。")


class NoSuchCode(NotFound):
    code = "no-such-code"
    title = _words("There is no such code.", "没有这个代码。")


class NoSuchSkill(NotFound):
    code = "no-such-skill"
    title = _words("There is no such skill.", "没有这个技能。")


class Conflict(CoreError):
    code = "conflict"
    title = _words("This contradicts the present state.", "与当前状态冲突。")


class NotSignedIn(Conflict):
    code = "not-signed-in"
    title = _words("The agent is not signed in. Sign in first.", "坐席尚未签入，请先签入。")


class AlreadySignedIn(Conflict):
    code = "already-signed-in"
    title = _words(
        "The agent is signed in elsewhere. Sign out there first.",
        "该坐席已在别处签入，请先在那里签出。",
    )


class NothingToWrap(Conflict):
    code = "nothing-to-wrap"
    title = _words("The agent has no call to wrap up.", "该坐席没有需要整理的通话。")


class NotFiled(Conflict):
    code = "not-filed"
    title = _words(
        "Say first what the call came to: choose a disposition.",
        "请先选择通话结果，再结束话后整理。",
    )


class NotWaiting(Conflict):
    code = "not-waiting"
    title = _words("The call is not waiting in a queue.", "该通话没有在排队。")


class NameTaken(Conflict):
    code = "name-taken"
    title = _words("This name is taken. Choose another.", "名称已被占用，请另选一个。")


class StillInUse(Conflict):
    code = "still-in-use"
    title = _words("This is still in use.", "该对象仍在使用中。")


class Invalid(CoreError):
    code = "invalid"
    title = _words("A value is not valid.", "输入的值无效。")
