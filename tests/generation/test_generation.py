"""The generator's promises: drift is seen and not repaired, and a new parameter reaches `create()` by itself.

Needs the generator and the type checkers, so the session `drift` runs it.
"""

import subprocess
import sys
from typing import Any

import pytest
import yaml
from generator_tree import Tree

USER_CODE = """
from opper_chat import Opper
create = Opper(api_key="key").chat.completions.create
reveal_type(create(messages=[{"role": "user", "content": "x"}], invented=1))
create(messages=[{"role": "user", "content": "x"}], seed="one")
create(messages=[{"role": "user", "content": "x"}], verbosity="low")
"""


def test_changed_parameters_reach_create(tree: Tree) -> None:
    """One that is added, one of another type and one that goes: in the types and the checks, with no other edit."""
    change(tree, {"invented": {"type": "integer"}, "seed": {"type": ["string", "null"]}}, {}, remove="verbosity")
    assert tree.check().returncode == 1
    user = tree / "user.py"
    user.write_text(USER_CODE, "utf-8")
    mypy = ("-m", "mypy", "--strict", "--config-file", "", "user.py")
    environment = {"MYPYPATH": f"{tree / 'wrapper'}:{tree / 'generated'}", "PATH": ""}

    def type_check() -> str:
        done = subprocess.run(
            [sys.executable, *mypy], cwd=tree.path, env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout

    before = type_check()
    assert 'Unexpected keyword argument "invented"' in before
    assert "user.py:5: error:" in before
    assert "user.py:6: error:" not in before
    assert tree.generate().returncode == 0
    assert tree.check().returncode == 0
    after = type_check()
    assert 'Revealed type is "opper_chat._results.completion.ChatCompletion"' in after
    assert 'Unexpected keyword argument "verbosity"' in after
    assert {line.split(":")[1] for line in after.splitlines() if ": error:" in line} == {"6"}
    send = (
        "import sys; sys.path[:0] = ['wrapper', 'generated']\n"
        "from opper_chat._requests.prepare import prepare\n"
        "hello = [{'role': 'user', 'content': 'x'}]\n"
        "print(prepare({'messages': hello, 'invented': 1}).content.decode())\n"
        "try: prepare({'messages': hello, 'invented': 'one'})\n"
        "except ValueError as error: print(error)\n"
        "print(prepare({'messages': hello, 'seed': 'one'}).content.decode())\n"
        "try: prepare({'messages': hello, 'verbosity': 'low'})\n"
        "except TypeError as error: print(error)\n"
    )
    done = tree.run("-c", send)
    assert '"invented":1' in done.stdout, done.stderr
    assert "invented: expected an integer or None, got 'one'" in done.stdout
    assert '"seed":"one"' in done.stdout
    assert "verbosity" in done.stdout.splitlines()[-1]


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}", "description": f"A {name}."}


def obj(required: list[str], **members: Any) -> dict[str, Any]:
    described = {name: {"description": f"The {name}.", **schema} for name, schema in members.items()}
    return {"type": "object", "description": "Invented for a test.", "required": required, "properties": described}


def change(tree: Tree, parameters: dict[str, Any], components: dict[str, Any], remove: str | None = None) -> None:
    contract = tree / "openapi.yaml"
    document = yaml.safe_load(contract.read_text("utf-8"))
    schemas = document["components"]["schemas"]
    schemas.update(components)
    request = schemas["ChatCompletionRequest"]["properties"]
    if remove:
        del request[remove]
    for name, schema in parameters.items():
        request[name] = {"description": f"The {name}.", **schema}
    contract.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")


TEXT = {"type": "string"}
WHOLE_NUMBERS = {"type": "array", "items": {"type": "integer"}}
AWKWARD: dict[str, Any] = {
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "list": {"type": "array", "items": TEXT},
    "dict": ref("DictMap"),
    "object": {},
    "bytes": WHOLE_NUMBERS,
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "UUID": {"type": "string", "format": "uuid"},
    "additional_properties": WHOLE_NUMBERS,
} | dict.fromkeys(
    (
        "cls", "str", "type", "self", "Any", "name", "value", "class", "rest", "model", "absent", "take", "src_dict",
        "from_dict", "Mapping", "property", "classmethod", "frozenset", "read_any",
    ),
    TEXT,
)  # fmt: skip
COMPONENTS = {
    "MCPServer": obj(
        ["label", "anything"],
        label=TEXT,
        anything={},
        level={"oneOf": [ref("Level"), {"type": "null"}]},
        only=ref("OnlyWord"),
        when={"type": "string", "format": "date-time"},
        day={"type": "string", "format": "date"},
        inner={"type": "array", "items": ref("MCPServer")},
        anys={"type": "array", "items": {"description": "Any."}},
    ),
    "Level": {"type": "integer", "enum": [1, 2, 3], "description": "A level."},
    "OnlyWord": {"type": "string", "enum": ["only"], "description": "One word, so far."},
    "Half": {**obj(["a"], a={"type": "integer"}), "additionalProperties": TEXT},
    "DictMap": {"type": "object", "description": "Any members.", "additionalProperties": True},
    "Awkward": obj(["str", "int", "Any"], **AWKWARD),
}
PARAMETERS = {
    "server": ref("MCPServer"),
    "half": {"oneOf": [ref("Half"), {"type": "null"}]},
    "awkward": ref("Awkward"),
    "anything": {},
    "when": {"type": "string", "format": "date-time"},
}
ROUND_TRIPS = """
import sys; sys.path[:0] = ["wrapper", "generated"]
import datetime, json
from opper_chat._requests.prepare import prepare
from opper_chat_api import models
awkward = {
    "str": "s", "int": 2, "Any": "a", "cls": "c", "dict": {"a": 1}, "object": [None], "list": ["a"], "type": "t",
    "bytes": [1], "self": "me", "rest": "r", "model": "m", "absent": "x", "additional_properties": [1], "float": 1.5,
    "from_dict": "f", "frozenset": "f", "class": "k", "bool": True, "property": "p", "classmethod": "c", "extra": 1,
    "date": "2026-01-02", "UUID": "00000000-0000-0000-0000-000000000005", "datetime": "2026-01-02T12:00:00+00:00",
}
server = {"label": "l", "anything": None, "level": 9, "only": "other", "anys": [1, None],
          "inner": [{"label": "i", "anything": {"a": [1]}}]}
half = {"a": 1, "b": "c"}
for model, value in ((models.Awkward, awkward), (models.MCPServer, server), (models.Half, half)):
    assert model.from_dict(value).to_dict() == value, model.from_dict(value).to_dict()
assert models.Awkward.from_dict(awkward).additional_properties == {"extra": 1}
try:
    models.MCPServer.from_dict({"label": None, "anything": 1})
except ValueError as error:
    assert str(error) == "MCPServer.label: expected str, found nothing", error
else:
    raise AssertionError("a required text that is null")
hello = [{"role": "user", "content": "x"}]
noon = datetime.datetime(2026, 1, 2, 12, tzinfo=datetime.UTC)
def sent(**arguments):
    return json.loads(prepare({"messages": hello, **arguments}).content)
body = sent(server=server, half=half, awkward=awkward, anything=[{"a": None}], when=noon)
assert (body["server"], body["half"], body["awkward"], body["anything"]) == (server, half, awkward, [{"a": None}])
assert body["when"] == "2026-01-02T12:00:00+00:00"
assert sent(server=models.MCPServer.from_dict(server)) == sent(server=server)
assert sent(server={**server, "when": noon, "day": noon.date()})["server"]["day"] == "2026-01-02"
for wrong in ({"level": "1"}, {"level": True}, {"only": 1}, {"when": 5}, {"inner": [{"label": "x"}]}):
    try:
        sent(server={**server, **wrong})
    except ValueError as error:
        assert str(error).startswith(f"server.{next(iter(wrong))}"), error
    else:
        raise AssertionError(wrong)
"""


def test_an_awkward_contract_is_served(tree: Tree) -> None:
    """Names that Python and the templates use themselves, any JSON, open words and times: typed, read, and sent."""
    change(tree, PARAMETERS, COMPONENTS)
    done = tree.generate()
    assert done.returncode == 0, done.stderr
    assert "Any_aliased" not in (tree / "generated" / "opper_chat_api" / "params.py").read_text("utf-8")
    done = tree.run("-m", "mypy", "--strict", "--config-file", "", "generated/opper_chat_api")
    assert done.returncode == 0, done.stdout
    done = tree.run("-c", ROUND_TRIPS)
    assert done.returncode == 0, done.stderr


def test_objects_that_nothing_tells_apart_are_refused(tree: Tree) -> None:
    """An error that names the place and the objects, and the generated package as it was."""
    change(
        tree,
        {"shape": {"oneOf": [ref("Circle"), ref("Square"), {"type": "null"}]}},
        {"Circle": obj(["radius"], radius={"type": "number"}), "Square": obj(["side"], side={"type": "number"})},
    )
    done = tree.generate()
    assert done.returncode == 1
    assert "/properties/shape/oneOf: nothing distinguishes Circle, Square. Give each of them a property" in done.stderr
    assert (tree / "generated" / "opper_chat_api" / "params.py").exists()


@pytest.mark.parametrize("name", ["self", "extra_body", "timeout"])
def test_a_parameter_called_like_an_argument_of_create_is_refused(tree: Tree, name: str) -> None:
    """An error that names the parameter."""
    change(tree, {name: TEXT}, {})
    done = tree.generate()
    assert done.returncode == 1
    assert f"/properties/{name}: create() has an argument of the name {name!r}" in done.stderr
