"""Requests are spelled as the switch reads them."""

import pytest

from callcenter.adapters.asterisk.ari.generated import (
    applications,
    bridges,
    channels,
    events,
    recordings,
)
from callcenter.adapters.asterisk.ari.request import Reply, Request

pytestmark = pytest.mark.adapter


def test_only_what_was_given_is_sent() -> None:
    request = channels.originate_with_id(
        "ag-cc1-17.3-1", endpoint="PJSIP/agent-7", context="agent-leg", priority=1
    )
    assert request == Request(
        "POST",
        "channels/ag-cc1-17.3-1",
        (("endpoint", "PJSIP/agent-7"), ("context", "agent-leg"), ("priority", "1")),
        None,
    )


def test_variables_travel_in_the_body() -> None:
    request = channels.set_channel_vars("c1", variables={"CC_NAME": "张伟, 'a' & b"})
    assert request.body == {"variables": {"CC_NAME": "张伟, 'a' & b"}}
    assert request.query == ()


def test_a_filter_is_the_whole_body() -> None:
    request = applications.filter("cc", filter={"disallowed": [{"type": "Dial"}]})
    assert request.body == {"disallowed": [{"type": "Dial"}]}


def test_truth_and_lists_are_spelled_as_the_switch_spells_them() -> None:
    request = bridges.add_channel("br-1", channel=["a", "b"], mute=True, absorb_dtmf=False)
    assert set(request.query) == {("channel", "a,b"), ("mute", "true"), ("absorbDTMF", "false")}


@pytest.mark.parametrize(
    "name, path",
    [
        ("cc/2026/call-1", "recordings/stored/cc%2F2026%2Fcall-1"),
        ("..", "recordings/stored/%2E%2E"),
        ("ж?#%", "recordings/stored/%D0%B6%3F%23%25"),
        ("a b+c", "recordings/stored/a%20b%2Bc"),
    ],
)
def test_a_part_of_a_path_never_becomes_more_than_one_part(name: str, path: str) -> None:
    assert recordings.get_stored(name).path == path


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_part_that_would_name_another_operation_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="empty or holds NUL"):
        channels.hangup(name)


def test_user_events_name_their_application() -> None:
    request = events.user_event("cc-canary", application="cc", variables={"n": "1"})
    assert request.path == "events/user/cc-canary"
    assert request.query == (("application", "cc"),)


def test_a_reply_knows_whether_it_is_good_and_what_was_said() -> None:
    gone: Reply[None] = Reply(404, '{"message":"Channel not found"}')
    assert (gone.ok, gone.message) == (False, "Channel not found")


@pytest.mark.parametrize("payload", ["", "<html>", "[1]", b"\xff"])
def test_a_reply_without_words_says_nothing(payload: str | bytes) -> None:
    reply: Reply[None] = Reply(500, payload)
    assert reply.message == ""


def test_an_empty_reply_has_no_value() -> None:
    reply: Reply[None] = Reply(204)
    assert reply.ok
    assert reply.value() is None
