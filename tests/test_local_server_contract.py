"""The local server against openapi.yaml, judged by schemathesis, which shares no code with it."""

import copy
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from opper_chat.testing import LocalServer
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8"))
KEY = "sk-local"

CHUNK = {
    "contentMediaType": "application/json",
    "contentSchema": {"$ref": "#/components/schemas/ChatCompletionChunk"},
}
EVENT = {
    "type": "object",
    "required": ["data"],
    "properties": {"event": {"const": "message"}, "data": {"oneOf": [{"const": "[DONE]"}, CHUNK]}},
}
"""The contract gives the schema of an event's data; schemathesis wants that of the event."""


def judged_document() -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(DOCUMENT)
    operation = document["paths"]["/chat/completions"]["post"]
    operation["responses"]["200"]["content"]["text/event-stream"]["schema"] = EVENT
    return document


schema = schemathesis.openapi.from_dict(judged_document(), config=SchemathesisConfig.from_dict({"seed": 1}))
REQUEST = {"$ref": "#/components/schemas/ChatCompletionRequest", "components": DOCUMENT["components"]}


def without_unchecked_formats(schema: Any) -> Any:
    """Return a schema without the formats that the local server does not check, such as ``duration``."""
    if isinstance(schema, list):
        return [without_unchecked_formats(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    checked = Draft202012Validator.FORMAT_CHECKER.checkers
    unchecked = isinstance(schema.get("format"), str) and schema["format"] not in checked
    return {
        name: without_unchecked_formats(value) for name, value in schema.items() if name != "format" or not unchecked
    }


FITS = jsonschema_rs.validator_for(without_unchecked_formats(REQUEST), validate_formats=True)


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with LocalServer(keys=[KEY]) as running:
        yield running


@pytest.fixture(scope="module")
def sent() -> Iterator[Counter[str]]:
    """Counts the requests by kind, and sees in the end that there were many of both."""
    counter: Counter[str] = Counter()
    yield counter
    assert min(counter["valid"], counter["spoilt"]) > 50, counter


@schema.parametrize()
@settings(
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[*HealthCheck],
)
def test_every_answer_is_in_the_contract(case: schemathesis.Case, server: LocalServer, sent: Counter[str]) -> None:
    """Valid requests are served and invalid ones refused, with the documented statuses and bodies."""
    left_out = []
    if case.meta is not None and case.meta.generation.mode.is_negative:
        # A spoilt `type` or `role` fits the arm of its union that stands for unknown kinds. Where the
        # whole body fits after all, it is no longer for the server to refuse.
        sent["spoilt"] += 1
        if case.method == "POST" and isinstance(case.body, dict) and FITS.is_valid(case.body):
            left_out.append(negative_data_rejection)
    else:
        sent["valid"] += 1
    headers = {"Authorization": f"Bearer {KEY}"}
    case.call_and_validate(base_url=server.base_url, headers=headers, excluded_checks=left_out)


def test_the_server_checks_against_the_contract() -> None:
    """The schemas in the package are those of openapi.yaml."""
    shipped = msgspec.json.decode((ROOT / "wrapper/opper_chat/testing/contract.json").read_bytes())
    assert shipped["$ref"] == REQUEST["$ref"]
    assert len(shipped["components"]["schemas"]) > 50
    for name, schema in shipped["components"]["schemas"].items():
        assert schema == DOCUMENT["components"]["schemas"][name]
