"""The drawings of the states are those of the tables."""

from pathlib import Path

import pytest

from callcenter.testing.states import drawings

pytestmark = pytest.mark.architecture

DRAWN = Path(__file__).parents[2] / "docs" / "states.md"


def test_the_drawings_are_fresh() -> None:
    assert DRAWN.read_text() == drawings(), "run scripts/render-states"
