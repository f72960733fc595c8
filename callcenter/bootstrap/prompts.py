"""The library of spoken prompts, from settings."""

import asyncio
import logging
import os
import shutil
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta
from pathlib import Path

from callcenter.adapters.flows.yaml_files import FlowFolder
from callcenter.adapters.tts.espeak import Espeak
from callcenter.bootstrap.plans import prompts_folder
from callcenter.core.errors import NotFound
from callcenter.core.ids import FlowId
from callcenter.core.ivr.announcements import LEAVE_MESSAGE, SYSTEM_FLOW
from callcenter.core.ivr.flow import Flow
from callcenter.services.prompts import CODECS, PromptLibrary
from callcenter.settings import Settings

logger = logging.getLogger(__name__)

Progress = Callable[[str, float | None], None]


def prompt_library(settings: Settings, espeak: list[str], env: Mapping[str, str]) -> PromptLibrary:
    """The library that speaks what flows say."""
    return PromptLibrary(prompts_folder(settings), Espeak(espeak, env))


async def speak_flows(
    settings: Settings, espeak: list[str], env: Mapping[str, str], progress: Progress
) -> str:
    """Speak every prompt that has not been spoken yet; what was done, in a few words."""
    flows = FlowFolder(settings.path(settings.centre.flows_folder))
    found = await asyncio.to_thread(flows.load)
    library = prompt_library(settings, espeak, env)
    report = await library.render(
        found.flows.values(), lambda done, all_: progress("spoken", done / max(1, all_))
    )
    return f"{report.spoken} spoken" if report.spoken else ""


async def keep_clear(
    clear: Callable[[], Awaitable[None]], every: timedelta = timedelta(hours=1)
) -> None:
    """Forget what has not been said for long, again and again: new words come with the calls."""
    while True:
        await asyncio.sleep(every.total_seconds())
        try:
            await clear()
        except OSError as error:  # Calls go on whatever is wrong with the folder.
            logger.warning("old sounds not removed", extra={"why": type(error).__name__})


class SpokenPrompts:
    """The prompt library as the flow shelf wants it: which flows could not be spoken, and why."""

    def __init__(self, library: PromptLibrary, fallback: Path) -> None:
        self._library = library
        self._fallback = fallback

    async def render(self, flows: Collection[Flow]) -> Mapping[FlowId, str]:
        """Speak what is missing."""
        return (await self._library.render(flows)).unspoken

    def use(self, flows: Collection[Flow]) -> None:
        """Say what these say."""
        self._library.use(flows)
        self._leave_for_fallback()

    def _leave_for_fallback(self) -> None:
        """The dialplan speaks by itself while no engine does, from names that stay the same."""
        for language in ("zh", "en"):
            try:
                spoken = Path(self._library.media(SYSTEM_FLOW, LEAVE_MESSAGE, language))
                self._fallback.mkdir(parents=True, exist_ok=True)
                for codec in CODECS:
                    part = self._fallback / f".{language}{codec}-{os.getpid()}"
                    shutil.copyfile(spoken.with_suffix(codec), part)
                    part.replace(self._fallback / f"{language}-{LEAVE_MESSAGE}{codec}")
            except (NotFound, OSError) as error:
                why = type(error).__name__
                logger.warning("the fallback has no words", extra={"why": why})

    async def clear(self) -> None:
        """Forget what has not been said for long."""
        await self._library.clear()
