"""How much room is left, also where nothing is yet."""

from pathlib import Path

import pytest

from callcenter.host.disk import room

pytestmark = pytest.mark.adapter


def test_room_is_in_bytes_and_as_a_share(tmp_path: Path) -> None:
    left = room(tmp_path)
    assert left.free > 0
    assert 0 < left.share <= 1


def test_a_folder_that_will_lie_there_has_the_same_room(tmp_path: Path) -> None:
    assert room(tmp_path / "not" / "yet").share == pytest.approx(room(tmp_path).share, abs=0.01)
