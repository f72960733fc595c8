"""The API as a whole, with every route that a centre has."""

import json
from typing import Any

import aiohttp
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

pytestmark = pytest.mark.adapter


async def test_its_papers_are_valid_and_no_operation_has_the_name_of_another(running: Any) -> None:
    url = json.loads((running.folder / "run/cli.json").read_text())["url"]
    async with aiohttp.ClientSession() as http, http.get(f"{url}/api/v1/openapi.json") as reply:
        papers = await reply.json()
    OpenAPIV31SpecValidator(papers).validate()
    named = [one["operationId"] for path in papers["paths"].values() for one in path.values()]
    assert len(named) == len(set(named)) > 50
