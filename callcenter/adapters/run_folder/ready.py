"""Who takes calls, in a file of the run folder: the lifeboat rings them while no engine does."""

import json
import logging
from collections.abc import Collection
from pathlib import Path
from typing import Final

from callcenter.core.ids import AgentId
from callcenter.private_file import write_private

logger = logging.getLogger(__name__)

FILE: Final = "ready.json"


def write_ready(folder: Path, agents: Collection[AgentId]) -> None:
    """Put them in the place of those who were written last. Raises: OSError."""
    write_private(folder / FILE, json.dumps(sorted(agents)))


def read_ready(folder: Path) -> Collection[AgentId]:
    """Who was written last; nobody, if nothing was or it cannot be read."""
    try:
        return frozenset(AgentId(agent) for agent in json.loads((folder / FILE).read_text()))
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, TypeError) as error:
        logger.warning("who is ready cannot be read", extra={"why": type(error).__name__})
        return frozenset()
