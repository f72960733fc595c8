"""A queue that plays nothing, as the benches use it."""

import pytest

from callcenter.core.acd.queue import QueueRules
from callcenter.core.calls.effects import StartMusic
from callcenter.testing.centre import SALES, Centre

pytestmark = pytest.mark.engine


def music_started(centre: Centre) -> list[str]:
    return [effect.music for effect in centre.switch.done if isinstance(effect, StartMusic)]


async def test_a_queue_without_music_never_starts_any() -> None:
    centre = Centre(rules=QueueRules(SALES, music=""))
    centre.call()

    centre.passes(120)
    await centre.restart()

    assert music_started(centre) == []


def test_who_waits_without_music_is_served_like_everybody() -> None:
    centre = Centre(rules=QueueRules(SALES, music=""))
    call = centre.call()
    centre.passes(2)

    ana = centre.agent("ana")
    centre.answers(ana)

    assert centre.talking_to(call) == ana


def test_a_queue_with_music_starts_it_once_the_quiet_is_over() -> None:
    centre = Centre(rules=QueueRules(SALES, music="default", announce_every=None))
    centre.call()

    centre.passes(120)

    assert music_started(centre) == ["default"]
