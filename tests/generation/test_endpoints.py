"""A contract with more operations than one: generated, type-checked, and run against a server, sync and asyncio."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import yaml
from generator_tree import ROOT, Tree, copy_tree

TEXT = {"type": "string"}
FILE = {"type": "string", "format": "binary"}
LEVEL = {"type": "string", "enum": ["low", "high"]}


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def obj(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "description": "Added.", "required": required, "properties": properties}


def array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def parameter(name: str, where: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "schema": schema, "description": f"The {name}."} | more


def response(schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    failure = {"description": "Failed.", "content": {"application/json": {"schema": ref("ErrorBody")}}}
    return {"200": {"description": "Done.", "content": {kind: {"schema": schema}}}, "default": failure}


def operation(name: str, answer: dict[str, Any], *parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "operationId": name,
        "tags": ["more"],
        "summary": name,
        "parameters": list(parameters),
        "responses": answer,
    } | more


def body(required: bool, **schemas: dict[str, Any]) -> dict[str, Any]:
    kinds = {
        "json": "application/json",
        "form": "application/x-www-form-urlencoded",
        "parts": "multipart/form-data",
        "raw": "application/octet-stream",
    }
    return {"required": required, "content": {kinds[kind]: {"schema": schema} for kind, schema in schemas.items()}}


ECHO = response(ref("Echo"))
PATHS: dict[str, Any] = {
    "/models": {
        "get": operation(
            "listModels", ECHO,
            parameter("limit", "query", {"type": "integer", "default": 20}),
            parameter("after", "query", TEXT, required=True),
            parameter("order", "query", {"type": "string", "enum": ["up", "down"]}),
            parameter("flags", "query", array({"type": "boolean"})),
            parameter("since", "query", {"type": "string", "format": "date-time"}),
            parameter("filter", "query", ref("Filter")),
            parameter("headers", "query", TEXT),
            parameter("write", "query", TEXT),
            parameter("body", "query", TEXT),
            parameter("class", "query", {"type": ["string", "null"]}),
            parameter("X-Trace", "header", {"type": "string", "format": "uuid"}),
            parameter("X-Beta", "header", {"type": "boolean"}, required=True),
            parameter("X-Version", "header", {"type": "string", "enum": ["v1", "v2"]}, required=True),
            parameter("session", "cookie", TEXT, required=True),
            parameter("theme", "cookie", {"type": "integer"}),
        )
    },
    "/models/{id}/on/{day}": {
        "parameters": [parameter("id", "path", TEXT, required=True)],
        "get": operation(
            "getModel", ECHO, parameter("day", "path", {"type": "string", "format": "date"}, required=True)
        ),
        "delete": operation(
            "deleteModel", {"204": {"description": "Gone."}},
            parameter("day", "path", {"type": "integer"}, required=True),
        ),
    },
    "/embeddings": {"post": operation("createEmbedding", ECHO, requestBody=body(True, json=ref("EmbeddingRequest")))},
    "/files": {"post": operation("uploadFile", ECHO, requestBody=body(True, parts=ref("FileUpload")))},
    "/notes": {"post": operation("addNote", ECHO, requestBody=body(False, json=ref("Note"), form=ref("Note")))},
    "/lists": {"post": operation("sendList", ECHO, requestBody=body(True, json=array(ref("Note"))))},
    "/raw": {"post": operation("sendRaw", response({"type": "string", "format": "binary"}, "application/octet-stream"),
                               requestBody=body(True, raw={"type": "string", "format": "binary"}))},
    "/text": {"get": operation("readText", response(TEXT, "text/plain"))},
    "/map": {"get": operation("readMap", response(ref("Notes")))},
}  # fmt: skip
COMPONENTS: dict[str, Any] = {
    "Echo": obj(["method", "path"], method=TEXT, path=TEXT, body={"type": ["string", "null"]}, query=ref("Anything"),
                headers=ref("Anything")),
    "Anything": {"type": "object", "description": "Any.", "additionalProperties": True},
    "Filter": obj([], owner=TEXT, size={"type": "integer"}),
    "EmbeddingRequest": obj(["input"], input={"oneOf": [TEXT, array(TEXT)]}, note=ref("Note"),
                            day={"type": "string", "format": "date"}, level=LEVEL),
    "FileUpload": obj(["file"], file=FILE, more=array(FILE),
                      purpose=TEXT, public={"type": "boolean"}, tags=array(TEXT), note=ref("Note")),
    "Note": obj(["text"], text=TEXT, stars={"type": "integer"}, tags=array(TEXT)),
    "Notes": {"type": "object", "description": "Notes by name.", "additionalProperties": ref("Note")},
    "Levels": {"type": "object", "description": "Levels by name.", "additionalProperties": ref("Level")},
    "NoteLists": {"type": "object", "description": "Lists by name.", "additionalProperties": array(ref("Note"))},
    "Level": {"type": "string", "enum": ["low", "high"], "description": "A level."},
    "Circle": obj(["kind", "r"], kind={"type": "string", "enum": ["circle"]}, r={"type": "number"}),
    "Square": obj(["kind", "a"], kind={"type": "string", "enum": ["square"]}, a={"type": "number"}),
    "Shape": {"oneOf": [ref("Circle"), ref("Square")], "description": "A shape."},
}  # fmt: skip
FORMATS = (
    "duration", "time", "byte", "uri", "uri-reference", "iri", "email", "hostname", "ipv4", "ipv6", "decimal", "regex",
    "json-pointer", "password", "ulid", "date", "date-time", "uuid", "unheard-of",
)  # fmt: skip
PARAMETERS = {
    "shape": ref("Shape"),
    "notes": ref("Notes"),
    **{f"format_{name.replace('-', '_')}": {"type": "string", "format": name} for name in FORMATS},
    **{
        f"number_{name[:4]}": {"type": "number", "format": name}
        for name in ("float", "double", "decimal", "time-delta")
    },
    **{f"integer_{name}": {"type": "integer", "format": name} for name in ("int32", "int64", "unixtime")},
}
PROGRAM = (ROOT / "tests" / "generation" / "more_operations.py").read_text("utf-8")


class Echo(BaseHTTPRequestHandler):
    """Responds with the request."""

    protocol_version = "HTTP/1.1"

    def respond(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        kind = "application/json"
        if path == "/raw":
            kind, text = "application/octet-stream", content[::-1]
        elif path == "/text":
            kind, text = "text/plain; charset=utf-8", "hallå".encode()
        elif path == "/map":
            text = json.dumps({"a": {"text": "x"}, "b": {"text": "y", "stars": 2}}).encode()
        else:
            headers = {name.lower(): value for name, value in self.headers.items()}
            echo = {"method": self.command, "path": path, "query": {"text": query}, "headers": headers}
            text = json.dumps(echo | {"body": content.decode("latin-1")}).encode()
        self.send_response(204 if self.command == "DELETE" else 200)
        if self.command != "DELETE":
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "DELETE":
            self.wfile.write(text)

    do_GET = do_POST = do_DELETE = respond

    def log_message(self, format: str, *arguments: object) -> None: ...  # noqa: A002


@pytest.fixture
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A tree whose contract has these operations, components and parameters too, generated."""
    tree = copy_tree(tmp_path_factory.mktemp("more"))
    document = yaml.load(tree.contract.read_text("utf-8"), yaml.CSafeLoader)
    document["paths"].update(PATHS)
    document["tags"].append({"name": "more", "description": "Added."})
    document["components"]["schemas"].update(COMPONENTS)
    document["components"]["schemas"]["ChatCompletionRequest"]["properties"].update(PARAMETERS)
    tree.contract.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False), "utf-8")
    done = tree.generate()
    assert done.returncode == 0, done.stdout + done.stderr
    return tree


def test_operations_run_against_a_server(more: Tree, echo: str) -> None:
    """Parameters of every place, bodies of every type, files, maps and texts: what is sent is what it says."""
    (more / "program.py").write_text(PROGRAM, "utf-8")
    done = more.run("-W", "error", "program.py", echo)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "sync\nasyncio\n"


def test_operations_have_the_types_of_the_contract(more: Tree) -> None:
    """The program passes mypy strict, and mistakes in it do not."""
    (more / "program.py").write_text(PROGRAM, "utf-8")
    (more / "mistakes.py").write_text(MISTAKES, "utf-8")
    mypy = ("-m", "mypy", "--strict", "--config-file", "", "--cache-dir", "cache")
    environment = {"MYPYPATH": str(more / "generated"), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, *mypy, "program.py", "mistakes.py"],
        cwd=more.path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    wrong = [int(line.split(":")[1]) for line in done.stdout.splitlines() if line.startswith("mistakes.py")]
    marked = [index for index, line in enumerate(MISTAKES.splitlines(), 1) if "# wrong" in line]
    assert "program.py" not in done.stdout, done.stdout
    assert sorted(set(wrong)) == marked, done.stdout


MISTAKES = """
from opper_chat_api import AuthenticatedClient
from opper_chat_api.api.more import create_embedding, get_model, list_models, send_list
from opper_chat_api.params import EmbeddingRequestParam

client = AuthenticatedClient(base_url="http://127.0.0.1:9", token="key")
list_models.sync(client=client, after="a", x_beta=True, x_version="v1", session="s", limit="3")  # wrong
list_models.sync(client=client, x_beta=True, x_version="v1", session="s")  # wrong
get_model.sync("a", client=client)  # wrong
create_embedding.sync(client=client, body={"input": 1})  # wrong
create_embedding.sync(client=client, body={"inptu": "a"})  # wrong
create_embedding.sync(client=client)  # wrong
embedding: EmbeddingRequestParam = {"input": "a", "note": {"text": "t", "stars": "one"}}  # wrong
send_list.sync(client=client, body=["a"])  # wrong
"""


def test_every_format_can_be_sent(more: Tree) -> None:
    """A parameter of any format is text or the value of Python's that stands for it, and a map has models in it."""
    program = """
import sys; sys.path[:0] = ["wrapper", "generated"]
import datetime, json, uuid
from opper_chat._requests.prepare import prepare
from opper_chat_api import models
hello = [{"role": "user", "content": "x"}]
def sent(**arguments):
    return json.loads(prepare({"messages": hello, **arguments}).content)
assert sent()["messages"] == hello
assert sent(format_duration="P1D")["format_duration"] == "P1D"
names = [name for name in models.ChatCompletionRequest._attributes if name.startswith("format_")]
dated = {"format_date": "2026-01-02", "format_date_time": "2026-01-02T03:04:05Z", "format_uuid": str(uuid.UUID(int=5))}
texts = {name: dated.get(name, "text") for name in names}
assert len(texts) == 19
body = sent(**texts)
assert {name: body[name] for name in names} == texts
request = models.ChatCompletionRequest.from_dict({"messages": hello, **texts}).to_dict()
assert {name: request[name] for name in names} == texts | {"format_date_time": "2026-01-02T03:04:05+00:00"}
assert sent(format_date=datetime.date(2026, 1, 2))["format_date"] == "2026-01-02"
assert sent(number_deci=1.5, integer_int64=2)["number_deci"] == 1.5
assert sent(shape={"kind": "square", "a": 1})["shape"] == {"kind": "square", "a": 1}
assert sent(shape=models.Circle(r=1.0))["shape"] == {"kind": "circle", "r": 1.0}
for shape in ({"kind": "circle", "a": 1}, {"kind": "sqare", "a": 1}, {"a": 1}):
    try:
        sent(shape=shape)
    except ValueError as error:
        assert str(error).startswith("shape"), error
    else:
        raise AssertionError(shape)
notes = {"a": {"text": "x"}, "b": {"text": "y", "stars": 2}}
read = models.Notes.from_dict(notes)
assert read.additional_properties["b"] == models.Note(text="y", stars=2)
assert read.to_dict() == notes == sent(notes=read)["notes"] == sent(notes=notes)["notes"]
assert models.Levels.from_dict({"a": "low", "b": "new"}).to_dict() == {"a": "low", "b": "new"}
lists = models.NoteLists.from_dict({"a": [{"text": "x"}]})
assert lists.additional_properties["a"][0].text == "x"
for wrong in ({"a": {"stars": 1}}, {"a": 1}):
    try:
        models.Notes.from_dict(wrong)
    except ValueError as error:
        assert str(error).startswith("Notes.a"), error
    else:
        raise AssertionError(wrong)
"""
    done = more.run("-c", program)
    assert done.returncode == 0, done.stderr
