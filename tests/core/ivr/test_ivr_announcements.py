"""The names of what the centre itself says."""

import pytest

from callcenter.core.ivr.announcements import SYSTEM_PROMPTS, queue_position

pytestmark = pytest.mark.core


@pytest.mark.parametrize(
    ("position", "name"),
    [
        (1, "queue-position-1"),
        (20, "queue-position-20"),
        (21, "queue-position-more"),
        (2000, "queue-position-more"),
    ],
)
def test_a_place_in_line_has_a_prompt_that_exists(position: int, name: str) -> None:
    assert queue_position(position) == name
    assert name in SYSTEM_PROMPTS
