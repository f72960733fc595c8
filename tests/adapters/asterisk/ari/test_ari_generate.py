"""The generator, on small descriptions of the shapes that ARI's has."""

import pytest

from callcenter.adapters.asterisk.ari.generate import Description, render

pytestmark = pytest.mark.adapter


MODELS: Description = {
    "Message": {
        "discriminator": "type",
        "subTypes": ["Event"],
        "properties": {"type": {"type": "string", "required": True}},
    },
    "Event": {
        "subTypes": ["Ended", "Begun"],
        "properties": {"at": {"type": "Date", "required": True}},
    },
    "Begun": {"properties": {"who": {"type": "List[string]", "required": False}}},
    "Ended": {"properties": {"from": {"type": "int", "required": True}}},
}


def parameter(name: str, where: str, kind: str = "string", **more: object) -> Description:
    return {"name": name, "paramType": where, "dataType": kind, **more}


def resource(*parameters: Description, **operation: object) -> Description:
    described = {
        "httpMethod": "POST",
        "nickname": "doIt",
        "responseClass": "void",
        "parameters": list(parameters),
        **operation,
    }
    return {
        "resourcePath": "/api-docs/deviceStates.{format}",
        "apis": [{"path": "/deviceStates/{deviceName}", "operations": [described]}],
        "models": MODELS,
    }


NAME = parameter("deviceName", "path", required=True)
STATES = "device_states.py"


def test_required_parameters_come_first_and_the_rest_may_be_left_out() -> None:
    text = render(
        [
            resource(
                NAME,
                parameter("maxSeconds", "query", "int"),
                parameter("appArgs", "query", required=True),
            )
        ]
    )[STATES]
    flat = " ".join(text.split())
    assert "device_name: str, *, app_args: str, max_seconds: int | None = None" in flat
    assert 'query(("appArgs", app_args), ("maxSeconds", max_seconds))' in text


def test_names_that_python_keeps_for_itself_are_moved_aside() -> None:
    text = render([resource(NAME, parameter("from", "query"), nickname="list")])[STATES]
    assert "def list_all(device_name: str, *, from_: str | None = None)" in text
    assert '("from", from_)' in text


def test_a_closed_set_of_words_is_typed_as_one() -> None:
    words = {"valueType": "LIST", "values": ["both", "none"]}
    text = render([resource(NAME, parameter("direction", "query", allowableValues=words))])[STATES]
    assert 'direction: Literal["both", "none"] | None = None' in text


def test_the_socket_itself_is_no_request() -> None:
    described = resource(NAME)
    described["apis"][0]["operations"].append(
        {"nickname": "eventWebsocket", "upgrade": "websocket"}
    )
    assert "websocket" not in render([described])[STATES]


def test_events_are_told_apart_by_a_constant_and_keep_what_they_inherit() -> None:
    text = render([resource(NAME)])["messages.py"]
    assert "class Event(Message):\n    at: str\n" in text
    assert (
        'class Begun(Event):\n    type: Literal["Begun"]\n    who: NotRequired[list[str]]\n' in text
    )
    assert "AnyEvent = Begun | Ended" in text


def test_each_resource_has_a_file_that_imports_what_it_uses() -> None:
    thing = resource(NAME, responseClass="List[Thing]")
    thing["models"] = {**MODELS, "Thing": {"properties": {}}}
    files = render([thing])
    assert set(files) == {"__init__.py", "messages.py", "objects.py", STATES}
    assert "generated.objects import Thing\n" in files[STATES]
    assert "Literal" not in files[STATES]


def test_the_same_description_gives_the_same_text() -> None:
    first, second = resource(NAME), resource(NAME, nickname="other")
    second["resourcePath"] = "/api-docs/applications.{format}"
    assert render([first, second]) == render([second, first])
