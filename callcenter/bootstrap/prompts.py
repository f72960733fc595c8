"""The library of spoken prompts, from settings."""

import asyncio
from collections.abc import Callable, Mapping

from callcenter.adapters.flows.yaml_files import FlowFolder
from callcenter.adapters.tts.espeak import Espeak
from callcenter.bootstrap.plans import prompts_folder
from callcenter.services.prompts import PromptLibrary
from callcenter.settings import Settings

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
