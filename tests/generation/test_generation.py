"""The generator's promises: drift is seen and not repaired, and a new parameter reaches `create()` by itself.

Needs the generator and the type checkers, so the session `drift` runs it.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "openapi.yaml",
    "generator-config.yaml",
    "generator-templates",
    "generated",
    "wrapper",
    "scripts",
    "pyproject.toml",
)
USER_CODE = """
from opper_chat import Opper
completion = Opper(api_key="key").chat.completions.create(messages=[{"role": "user", "content": "x"}], invented=1)
reveal_type(completion)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what is generated and what it is generated from."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / part)
    return tmp_path


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=tree, capture_output=True, text=True, check=False)


def check(tree: Path) -> subprocess.CompletedProcess[str]:
    return run(tree, "scripts/generate.py", "--check")


def test_drift_is_seen_and_not_repaired(tree: Path) -> None:
    """An edited, an added, a deleted and an edited sync file, by name; and the tree as it was."""
    assert check(tree).returncode == 0
    models = tree / "generated" / "opper_chat_api" / "models"
    edited, added, deleted = models / "choice.py", models / "strange.py", models / "text_part.py"
    synced = [tree / "wrapper" / "opper_chat" / name for name in ("_sync/client.py", "_sync/stream.py")]
    for path in (edited, *synced):
        before = path.read_text("utf-8")
        path.write_text(before + "# edited\n", "utf-8")
        assert path.read_text("utf-8") != before
    added.write_text("", "utf-8")
    deleted.unlink()
    for _ in range(2):
        done = check(tree)
        assert done.returncode == 1
        assert "differs: generated/opper_chat_api/models/choice.py" in done.stderr
        assert "not made by the generator: generated/opper_chat_api/models/strange.py" in done.stderr
        assert "missing: generated/opper_chat_api/models/text_part.py" in done.stderr
        assert "differs: wrapper/opper_chat/_sync/client.py" in done.stderr
        assert "differs: wrapper/opper_chat/_sync/stream.py" in done.stderr
    assert all(path.read_text("utf-8").endswith("# edited\n") for path in (edited, *synced))
    assert added.exists()
    assert not deleted.exists()


def test_an_invented_parameter_reaches_create(tree: Path) -> None:
    """Drift before, none after, and `create(invented=1)` passes the type checker and the checks, with no other edit."""
    contract = tree / "openapi.yaml"
    text = contract.read_text("utf-8")
    marker = "        parent_span_id:\n"
    assert text.count(marker) == 1
    invented = "        invented:\n          type: integer\n          description: Invented for a test.\n"
    contract.write_text(text.replace(marker, invented + marker), "utf-8")
    assert check(tree).returncode == 1
    user = tree / "user.py"
    user.write_text(USER_CODE, "utf-8")
    mypy = ("-m", "mypy", "--strict", "--config-file", "", "user.py")
    environment = {"MYPYPATH": f"{tree / 'wrapper'}:{tree / 'generated'}", "PATH": ""}

    def type_check() -> str:
        done = subprocess.run(
            [sys.executable, *mypy], cwd=tree, env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout

    assert 'Unexpected keyword argument "invented"' in type_check()
    assert run(tree, "scripts/generate.py").returncode == 0
    assert check(tree).returncode == 0
    assert "ChatCompletion" in type_check()
    assert "error" not in type_check()
    send = (
        "import sys; sys.path[:0] = ['wrapper', 'generated']\n"
        "from opper_chat._requests.prepare import prepare\n"
        "hello = [{'role': 'user', 'content': 'x'}]\n"
        "print(prepare({'messages': hello, 'invented': 1}).content.decode())\n"
        "try: prepare({'messages': hello, 'invented': 'one'})\n"
        "except ValueError as error: print(error)\n"
    )
    done = run(tree, "-c", send)
    assert '"invented":1' in done.stdout, done.stderr
    assert "invented: expected an integer or None, got 'one'" in done.stdout


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}", "description": f"A {name}."}


def obj(required: list[str], **members: Any) -> dict[str, Any]:
    described = {name: {"description": f"The {name}.", **schema} for name, schema in members.items()}
    return {"type": "object", "description": "Invented for a test.", "required": required, "properties": described}


def change(tree: Path, parameters: dict[str, Any], components: dict[str, Any]) -> None:
    contract = tree / "openapi.yaml"
    document = yaml.safe_load(contract.read_text("utf-8"))
    schemas = document["components"]["schemas"]
    schemas.update(components)
    request = schemas["ChatCompletionRequest"]["properties"]
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


def test_an_awkward_contract_is_served(tree: Path) -> None:
    """Names that Python and the templates use themselves, any JSON, open words and times: typed, read, and sent."""
    change(tree, PARAMETERS, COMPONENTS)
    done = run(tree, "scripts/generate.py")
    assert done.returncode == 0, done.stderr
    assert "Any_aliased" not in (tree / "generated" / "opper_chat_api" / "params.py").read_text("utf-8")
    done = run(tree, "-m", "mypy", "--strict", "--config-file", "", "generated/opper_chat_api")
    assert done.returncode == 0, done.stdout
    done = run(tree, "-c", ROUND_TRIPS)
    assert done.returncode == 0, done.stderr


def test_objects_that_nothing_tells_apart_are_refused(tree: Path) -> None:
    """An error that names the place and the objects, and the generated package as it was."""
    change(
        tree,
        {"shape": {"oneOf": [ref("Circle"), ref("Square"), {"type": "null"}]}},
        {"Circle": obj(["radius"], radius={"type": "number"}), "Square": obj(["side"], side={"type": "number"})},
    )
    done = run(tree, "scripts/generate.py")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "ChatCompletionRequest.properties.shape: nothing tells Circle, Square apart; give each of them a member"
    )
    assert (tree / "generated" / "opper_chat_api" / "params.py").exists()


@pytest.mark.parametrize("name", ["self", "extra_body", "timeout"])
def test_a_parameter_called_like_an_argument_of_create_is_refused(tree: Path, name: str) -> None:
    """An error that names the parameter."""
    change(tree, {name: TEXT}, {})
    done = run(tree, "scripts/generate.py")
    assert done.returncode == 1
    assert done.stderr.startswith(f"ChatCompletionRequest.{name}: create() has an argument of this name")
