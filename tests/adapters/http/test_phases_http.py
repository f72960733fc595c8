"""Whatever phase a call is in, the API can say it."""

from typing import get_args

import pytest

from callcenter.adapters.http.routes.calls import Phase, live_call
from callcenter.core.calls.phases import Phase as AnyPhase
from callcenter.engine.rows import call_row
from callcenter.testing.states import calls_in_each_phase

pytestmark = pytest.mark.adapter


def test_a_call_in_any_phase_can_be_shown() -> None:
    calls = list(calls_in_each_phase())
    shown = {live_call(call.id, call_row(call)).phase for call in calls}
    assert {type(call.phase) for call in calls} == set(get_args(AnyPhase))
    assert shown == set(get_args(Phase))
