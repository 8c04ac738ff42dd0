"""The vendor's document beside the contract: what is new, gone and different there, and the edits that follow.

The documents are made here. One is the contract itself in other words; the other has known differences.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pytest
import yaml

from scripts.contract import upstream
from scripts.contract.comparison import Comparison
from scripts.contract.document import CONTRACT, ROOT, DocumentError, load_document, parse_document
from scripts.contract.edits import AddProperty
from scripts.contract.operations import Operation
from scripts.contract.schemas import Schema, arms_of

Document = dict[str, Any]
PREFIX = "#/components/schemas/"


def compare(theirs: Document) -> Comparison:
    comparison = Comparison()
    comparison.compare(Operation(theirs), Operation(load_document(CONTRACT)))
    return comparison


def found(comparison: Comparison) -> set[tuple[str, str, str]]:
    return {(one.kind, one.place, one.description) for one in comparison.differences}


# ------------------------------------------------------------------ the contract in other words


def in_other_words(document: Document, *, inline: bool) -> Document:
    """Return the contract as an OpenAPI 3.0 document: `nullable`, no `const`, no lists of types, components renamed.

    Args:
        document: The contract.
        inline: Whether a component that refers to no other is written where it is used.
    """
    schemas = document["components"]["schemas"]
    names = {name: f"Schema{number}" for number, name in enumerate(schemas)}

    def convert(value: Any) -> Any:
        if isinstance(value, list):
            return [convert(item) for item in value]
        if not isinstance(value, dict):
            return value
        if str(value.get("$ref")).startswith(PREFIX):
            name = value["$ref"].removeprefix(PREFIX)
            if inline and "$ref" not in json.dumps(schemas[name]):
                return {**convert(schemas[name]), **convert({k: v for k, v in value.items() if k != "$ref"})}
            siblings = convert({key: item for key, item in value.items() if key != "$ref"})
            reference = {"$ref": PREFIX + names[name]}
            return {"allOf": [reference], **siblings} if siblings else reference
        made = {key: convert(item) for key, item in value.items() if key != "examples"}
        if "const" in made:
            made["enum"] = [made.pop("const")]
        if isinstance(value.get("type"), list):
            types = [one for one in value["type"] if one != "null"]
            if len(types) == 1:
                made["type"] = types[0]
            else:
                del made["type"]
                made["anyOf"] = [{"type": one} for one in types]
            if "null" in value["type"]:
                made["nullable"] = True
        for union in ("oneOf", "anyOf"):
            if isinstance(value.get(union), list) and {"type": "null"} in value[union]:
                made[union] = [convert(arm) for arm in value[union] if arm != {"type": "null"}]
                made["nullable"] = True
        return made

    made = convert({"paths": document["paths"], "components": {"schemas": {}}})
    made["components"]["schemas"] = {names[name]: convert(schema) for name, schema in schemas.items()}
    made["paths"] = {"/v9/chat/completions": made["paths"]["/chat/completions"]}
    return {"openapi": "3.0.3", "info": {"title": "Other", "version": "1"}, **made}


@pytest.mark.parametrize("inline", [False, True])
def test_the_same_in_other_words(inline: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A document that says the same has no difference, whatever its version, names and references."""
    theirs = in_other_words(load_document(CONTRACT), inline=inline)
    assert "Schema1" in json.dumps(theirs)
    assert found(compare(theirs)) == set()
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps(theirs), "utf-8")
    assert upstream.main([str(path)]) == 0
    assert capsys.readouterr().out == "No difference.\n"


def test_the_contract_itself() -> None:
    """The contract has no difference from itself."""
    assert found(compare(load_document(CONTRACT))) == set()


# ------------------------------------------------------------------ a document with known differences


def request_of(document: Document) -> Document:
    found: Document = document["components"]["schemas"]["ChatCompletionRequest"]
    return found


def edited(edit: str) -> tuple[Document, set[tuple[str, str, str]]]:
    """Return the contract with one change that a vendor could make, and the differences that it is."""
    document = load_document(CONTRACT)
    schemas = document["components"]["schemas"]
    request = request_of(document)["properties"]
    match edit:
        case "new parameter":
            request["prompt_cache_retention"] = {"type": "string", "enum": ["in-memory", "24h"], "nullable": True}
            place, what = "ChatCompletionRequest.prompt_cache_retention", "string or null: in-memory, 24h"
            return document, {("new", place, what)}
        case "new object":
            schemas["Guard"] = {"type": "object", "properties": {"name": {"type": "string"}}}
            schemas["Reply"] = {**schemas["ChatCompletion"]}
            schemas["Reply"]["properties"] = {
                **schemas["ChatCompletion"]["properties"],
                "guards": {"type": "array", "items": {"$ref": PREFIX + "Guard"}},
            }
            content = document["paths"]["/chat/completions"]["post"]["responses"]["200"]["content"]
            content["application/json"]["schema"] = {"$ref": PREFIX + "Reply"}
            return document, {("new", "ChatCompletion.guards", "array")}
        case "parameter gone":
            del request["seed"]
            return document, {("gone", "ChatCompletionRequest.seed", "not there")}
        case "other type":
            request["user"] = {"type": "integer", "deprecated": True}
            return document, {("different", "ChatCompletionRequest.user", "type: integer there, string here")}
        case "null allowed":
            request["user"] = {"allOf": [{"type": "string"}], "nullable": True, "deprecated": True}
            return document, {("different", "ChatCompletionRequest.user", "type: null or string there, string here")}
        case "required":
            request_of(document)["required"] = ["messages", "model"]
            return document, {("different", "ChatCompletionRequest.model", "presence: required there, optional here")}
        case "values":
            words = ["none", "low", "medium", "high"]
            request["reasoning_effort"] = {"anyOf": [{"type": "string", "enum": words}, {"type": "null"}]}
            new, gone = ("new", "ReasoningEffort", "values none"), ("gone", "ReasoningEffort", "values minimal")
            return document, {new, gone}
        case "bound":
            request["temperature"]["maximum"] = 1
            return document, {("different", "ChatCompletionRequest.temperature", "maximum: 1 there, 2 here")}
        case "deprecated":
            request["seed"]["deprecated"] = True
            return document, {("different", "ChatCompletionRequest.seed", "deprecated: True there, False here")}
        case "default":
            request["stream"]["default"] = True
            return document, {("different", "ChatCompletionRequest.stream", "default: True there, False here")}
        case "kind of tool":
            search = {
                "type": "object",
                "required": ["type"],
                "properties": {"type": {"const": "opper:web_search"}, "limit": {"type": "integer"}},
            }
            schemas["Tool"]["oneOf"] = [*schemas["Tool"]["oneOf"], search]
            place = "ChatCompletionRequest.tools[]"
            return document, {("new", place, "a kind of object, type opper:web_search")}
        case "kind gone":
            kinds = schemas["ChatMessage"]["oneOf"]
            schemas["ChatMessage"]["oneOf"] = [one for one in kinds if "FunctionMessage" not in one["$ref"]]
            return document, {("gone", "ChatCompletionRequest.messages[]", "the kind FunctionMessage")}
        case "stream":
            content = document["paths"]["/chat/completions"]["post"]["responses"]["200"]["content"]
            del content["text/event-stream"]
            return document, {("gone", "/chat/completions", "the event of a stream is described only here")}
        case "error":
            schemas["ErrorObject"]["properties"]["trace"] = {"type": "string"}
            return document, {("new", "ErrorObject.trace", "string")}
    raise AssertionError(edit)


EDITS = (
    "new parameter", "new object", "parameter gone", "other type", "null allowed", "required", "values", "bound",
    "deprecated", "default", "kind of tool", "kind gone", "stream", "error",
)  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_difference(edit: str) -> None:
    """Each difference is reported once, at its component, and nothing else is."""
    document, expected = edited(edit)
    document["openapi"] = "3.0.3" if "null" in edit or edit == "new parameter" else "3.1.0"
    assert found(compare(document)) == expected


def test_request_of_two_arms() -> None:
    """A request that is a union of the plain and the streamed one is compared as one."""
    document = load_document(CONTRACT)
    request = request_of(document)
    arms = []
    for stream in (False, True):
        properties = {**request["properties"], "stream": {"type": "boolean", "const": stream}}
        if stream:
            properties["invented"] = {"type": "string"}
        arms.append({**request, "properties": properties})
    document["components"]["schemas"]["ChatCompletionRequest"] = {"anyOf": arms}
    differences = found(compare(document))
    assert ("new", "ChatCompletionRequest.invented", "string") in differences
    assert {place for _, place, _ in differences} <= {
        "ChatCompletionRequest.invented",
        "ChatCompletionRequest.stream",
    }


def test_recursive_schemas() -> None:
    """A schema that has itself below it is compared, and proposed as a component that refers to itself."""
    document = load_document(CONTRACT)
    schemas = document["components"]["schemas"]
    schemas["Node"] = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": PREFIX + "Node"}}},
    }
    schemas["Loop"] = {"anyOf": [{"$ref": PREFIX + "Loop"}, {"type": "string"}]}
    request_of(document)["properties"].update(tree={"$ref": PREFIX + "Node"}, loop={"$ref": PREFIX + "Loop"})
    comparison = compare(document)
    assert ("new", "ChatCompletionRequest.loop", "string") in found(comparison)
    proposed = comparison.edits(comparison.differences, "x", []).values()
    edits = {edit.name: edit for edit in proposed if isinstance(edit, AddProperty)}
    (component,) = edits["tree"].proposal.components.values()
    assert component["properties"]["children"]["items"] == {"$ref": PREFIX + "Tree"}


# ------------------------------------------------------------------ edits


def write(path: Path, document: Document) -> Path:
    path.write_text(yaml.safe_dump(document) if path.suffix == ".yaml" else json.dumps(document), "utf-8")
    return path


def test_proposed_edits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report has the edit as YAML to paste, in the form of the contract."""
    path = write(tmp_path / "theirs.yaml", edited("new parameter")[0])
    assert upstream.main([str(path)]) == 1
    output = capsys.readouterr().out
    start = output.index("# add to components/schemas/ChatCompletionRequest/properties")
    pasted = yaml.safe_load(output[start:].split("# add to components/schemas\n")[0])
    assert pasted["prompt_cache_retention"]["description"] == "Not described."
    assert "in-memory" in output[start:]
    assert upstream.main([str(path), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [one["place"] for one in report["differences"]] == ["ChatCompletionRequest.prompt_cache_retention"]
    assert len(report["edits"]) == 1


def test_patch_adopts_what_is_new(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After the patch nothing of the document is new, and what is gone or different is as it was."""
    document = load_document(CONTRACT)
    request = request_of(document)["properties"]
    request.pop("seed")
    request["reasoning_effort"] = {"type": "string", "enum": ["none", "minimal", "low", "medium", "high"]}
    request["guard"] = {"title": "Guard", "anyOf": [{"$ref": PREFIX + "GuardInput"}, {"type": "null"}]}
    document["components"]["schemas"]["GuardInput"] = {
        "type": "object",
        "description": "Checks what is sent.",
        "required": ["action"],
        "properties": {
            "action": {"type": "string", "enum": ["block", "flag"]},
            "usage": {"$ref": PREFIX + "CompletionUsage"},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }
    theirs = write(tmp_path / "theirs.json", document)
    contract = tmp_path / "openapi.yaml"
    contract.write_bytes(CONTRACT.read_bytes())
    arguments = [str(theirs), "--contract", str(contract)]
    assert upstream.main([*arguments, "--patch"]) == 1
    assert "Edits made: 2." in capsys.readouterr().out
    patched = load_document(contract)
    guard = patched["components"]["schemas"]["Guard"]
    assert guard["required"] == ["action"]
    assert guard["description"] == "Checks what is sent."
    assert guard["properties"]["usage"]["$ref"] == PREFIX + "CompletionUsage"
    assert "seed" in request_of(patched)["properties"]
    comparison = Comparison()
    comparison.compare(Operation(load_document(theirs)), Operation(patched))
    assert {one.kind for one in comparison.differences} == {"gone", "different"}
    after = contract.read_text("utf-8")
    assert upstream.main([*arguments, "--patch"]) == 1
    assert contract.read_text("utf-8") == after


def test_known_differences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is known is left out; a patch writes what remains, so that the next run reports only what is new since."""
    document, _ = edited("new parameter")
    request = request_of(document)["properties"]
    request.pop("seed")
    theirs = write(tmp_path / "theirs.json", document)
    contract, known = tmp_path / "openapi.yaml", tmp_path / "known.txt"
    contract.write_bytes(CONTRACT.read_bytes())
    arguments = [str(theirs), "--contract", str(contract), "--known", str(known)]
    assert upstream.main(arguments) == 1
    assert upstream.main([*arguments, "--exit-zero"]) == 0
    assert not known.exists()
    assert upstream.main([*arguments, "--patch"]) == 1
    assert known.read_text("utf-8") == "gone ChatCompletionRequest.seed: not there\n"
    capsys.readouterr()
    assert upstream.main([*arguments, "--patch"]) == 0
    assert capsys.readouterr().out == "No difference.\n"
    request["user"] = {"type": "integer", "deprecated": True}
    write(theirs, document)
    assert upstream.main(arguments) == 1
    assert capsys.readouterr().out.splitlines() == [
        "different (1)",
        "  ChatCompletionRequest.user: type: integer there, string here",
    ]


def test_a_known_new_property_is_not_added(tmp_path: Path) -> None:
    """A property that is known and not wanted stays out of the contract."""
    theirs = write(tmp_path / "theirs.json", edited("new parameter")[0])
    contract, known = tmp_path / "openapi.yaml", tmp_path / "known.txt"
    contract.write_bytes(CONTRACT.read_bytes())
    line = "new ChatCompletionRequest.prompt_cache_retention: string or null: in-memory, 24h\n"
    known.write_text(line, "utf-8")
    arguments = [str(theirs), "--contract", str(contract), "--known", str(known), "--patch"]
    assert upstream.main(arguments) == 0
    assert contract.read_bytes() == CONTRACT.read_bytes()
    assert known.read_text("utf-8") == line


def test_from_the_document_to_create(tmp_path: Path) -> None:
    """A parameter that the vendor adds reaches `create()` with its type, by the two commands that the docs name."""
    for part in ("generator-templates", "generated", "wrapper", "scripts"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("openapi.yaml", "generator-config.yaml", "pyproject.toml"):
        shutil.copy(ROOT / part, tmp_path / part)
    theirs = write(tmp_path / "theirs.json", edited("new parameter")[0])

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)

    done = run("-m", "scripts.contract.upstream", str(theirs), "--patch")
    assert done.returncode == 1, done.stderr
    done = run("scripts/generate.py")
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "user.py").write_text(
        "from opper_chat import Opper\n"
        "create = Opper(api_key='key').chat.completions.create\n"
        "create(messages=[{'role': 'user', 'content': 'x'}], prompt_cache_retention='24h')\n"
        "create(messages=[{'role': 'user', 'content': 'x'}], prompt_cache_retention=24)\n",
        "utf-8",
    )
    mypy = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "user.py"],
        cwd=tmp_path,
        env={"MYPYPATH": f"{tmp_path / 'wrapper'}:{tmp_path / 'generated'}", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line.split(":")[1] for line in mypy.stdout.splitlines() if ": error:" in line] == ["4"], mypy.stdout


# ------------------------------------------------------------------ reading


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("openapi: 2.0", "is not an OpenAPI document of version 3.0 or 3.1: `openapi` is 2.0"),
        ("[1]", "is not an OpenAPI document"),
        ("{", "is neither JSON nor YAML"),
        ("a: b: c", "is neither JSON nor YAML"),
        ('{"openapi": "3.1.0", "paths": {"/x": {"post": {}}}}', "Give --path with one of: /x"),
        (
            '{"openapi": "3.1.0", "paths": {"/a/chat/completions": {"post": {}}, "/b/chat/completions": {"post": {}}}}',
            "Give --path with one of: /a/chat/completions, /b/chat/completions",
        ),
    ],
)
def test_documents_that_cannot_be_read(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the file and says what is wrong; the exit status is 2."""
    path = tmp_path / "theirs"
    path.write_text(text, "utf-8")
    assert upstream.main([str(path)]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("reference", [PREFIX + "Nowhere", "other.yaml#/x", 7])
def test_references_that_lead_nowhere(reference: object) -> None:
    """They are an error that names them."""
    document = {"components": {"schemas": {}}}
    with pytest.raises(DocumentError, match=r"Nowhere|leads out of the document"):
        arms_of(Schema(document, {"$ref": reference}, ("x",)))


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from nodes(item, (*path, key))


def test_documents_with_mistakes() -> None:
    """A document in which any value is of the wrong type is compared, or is an error that says what is wrong."""
    document = load_document(CONTRACT)
    paths = [path for path in nodes(document) if "examples" not in path]
    random = Random(7)
    refused = 0
    for path in random.sample(paths, 120):
        wrong = json.loads(json.dumps(document))
        target = wrong
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = random.choice([None, True, 7, "x", [], {}, [None], {"x": None}])
        try:
            compare(wrong)
        except DocumentError:
            refused += 1
    assert refused < 60


def test_url(capsys: pytest.CaptureFixture[str]) -> None:
    """A document is fetched from a URL, and what cannot be fetched is an error with the URL."""
    bodies = {"/openapi.json": json.dumps(in_other_words(load_document(CONTRACT), inline=False)), "/big": "#" * 99}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = bodies.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            origin = f"http://127.0.0.1:{server.server_port}"
            assert upstream.main([f"{origin}/openapi.json"]) == 0
            assert upstream.main([f"{origin}/absent"]) == 2
            assert f"{origin}/absent cannot be fetched" in capsys.readouterr().err
        finally:
            server.shutdown()
            thread.join()
    assert upstream.main([f"{origin}/openapi.json"]) == 2
    assert "cannot be fetched" in capsys.readouterr().err


def test_document_in_yaml_or_json() -> None:
    """Both forms are read."""
    text = CONTRACT.read_text("utf-8")
    document = parse_document(text, "x")
    assert parse_document(json.dumps(document), "x") == document
