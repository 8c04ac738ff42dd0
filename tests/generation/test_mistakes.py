"""Mistakes in the contract: each is one error that names the file, the line, the place, and what to write."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import generate
import pytest
import yaml
from generation.source import ContractError
from generator_tree import ROOT, Tree

Document = dict[str, Any]
Edit = Callable[[Document], object]
SOURCE = (ROOT / "openapi.yaml").read_text("utf-8")
DOCUMENT = yaml.load(SOURCE, yaml.CSafeLoader)
CHAT = "/chat/completions"
REQUEST = "#/components/schemas/ChatCompletionRequest"
PART = "#/components/schemas/TextPart"
OPERATION = "#/paths/~1chat~1completions/post"


def schemas(document: Document) -> Document:
    found: Document = document["components"]["schemas"]
    return found


def request(document: Document) -> Document:
    found: Document = schemas(document)["ChatCompletionRequest"]
    return found


def parameters(document: Document) -> Document:
    found: Document = request(document)["properties"]
    return found


def part(document: Document) -> Document:
    found: Document = schemas(document)["TextPart"]
    return found


def operation(document: Document) -> Document:
    found: Document = document["paths"][CHAT]["post"]
    return found


def rename(values: Document, old: str, new: str) -> None:
    values[new] = values.pop(old)


def path(document: Document, name: str, method: str = "get", **more: Any) -> None:
    new = {"operationId": "added", "responses": {"200": {"description": "Added."}}}
    document["paths"][name] = {method: new | more}


def query(**more: Any) -> list[Document]:
    return [{"name": "a", "in": "query", "schema": {"type": "string"}} | more]


def body(kind: str, schema: Document) -> Document:
    return {"content": {kind: {"schema": schema}}}


def discriminate(document: Document, **discriminator: Any) -> None:
    schemas(document)["ToolCall"]["discriminator"] = discriminator


def add(document: Document, schema: Any) -> None:
    parameters(document)["added"] = schema


MISTAKES: dict[str, tuple[Edit, str]] = {
    "type": (
        lambda d: parameters(d)["store"].update(type="strnig"),
        f"{REQUEST}/properties/store/type: 'strnig' is not a type. Write 'string'.",
    ),
    "type in a list": (
        lambda d: parameters(d)["store"].update(type=["boolan", "null"]),
        f"{REQUEST}/properties/store/type/0: 'boolan' is not accepted. Write 'boolean'.",
    ),
    "a second required parameter": (
        lambda d: request(d).update(required=["messages", "model"]),
        f"{REQUEST}/required: create() can be called without 'model'. Write 'required: [messages]', and let",
    ),
    "tools removed": (
        lambda d: parameters(d).pop("tools"),
        f"{REQUEST}/properties: 'tools' is missing, which run_tools() writes. Put it back, or",
    ),
    "messages renamed": (
        lambda d: (rename(parameters(d), "messages", "turns"), request(d).update(required=["turns"])),
        f"{REQUEST}/properties: 'messages' is missing, which every call writes. Put it back",
    ),
    "messages renamed, but required": (
        lambda d: rename(parameters(d), "messages", "mesages"),
        f"{REQUEST}/required/0: 'messages' is not a property. Write 'mesages', or add the property.",
    ),
    "a reference to nothing": (
        lambda d: parameters(d)["store"].update({"$ref": "#/components/schemas/TextPrat"}),
        f"{REQUEST}/properties/store/$ref: there is no component TextPrat. Write 'TextPart'.",
    ),
    "a reference to another file": (
        lambda d: parameters(d)["store"].update({"$ref": "other.yaml#/X"}),
        f"{REQUEST}/properties/store/$ref: 'other.yaml#/X' does not lead to a component of this file.",
    ),
    "a required property that does not exist": (
        lambda d: part(d).update(required=["type", "txt"]),
        f"{PART}/required/1: 'txt' is not a property. Write 'text', or add the property.",
    ),
    "an operationId twice": (
        lambda d: d["paths"].update({"/copy": {"post": copy.deepcopy(operation(d))}}),
        f"#/paths/~1copy/post/operationId: 'createChatCompletion' is also the name of {OPERATION}. Give each",
    ),
    "a keyword as a parameter": (
        lambda d: parameters(d).update({"class": {"type": "string"}}),
        f"{REQUEST}/properties/class: 'class' cannot be the name of an argument of create(). Leave it out",
    ),
    "a parameter called like an option": (
        lambda d: parameters(d).update(timeout={"type": "string"}),
        f"{REQUEST}/properties/timeout: create() has an argument of the name 'timeout'",
    ),
    "two properties that become one": (
        lambda d: part(d)["properties"].update({"fooBar": {"type": "string"}, "foo_bar": {"type": "string"}}),
        f"{PART}/properties/foo_bar: 'foo_bar' and 'fooBar' become the same attribute, foo_bar.",
    ),
    "a property without letters": (
        lambda d: part(d)["properties"].update({"$": {"type": "string"}}),
        f"{PART}/properties/$: '$' has no letter or digit",
    ),
    "a discriminator that leads to nothing": (
        lambda d: discriminate(d, propertyName="type", mapping={"a": "#/components/schemas/FunctionTolCall"}),
        "/discriminator/mapping/a: '#/components/schemas/FunctionTolCall' is not an arm of the union. Write '#/comp",
    ),
    "a discriminator that arms lack": (
        lambda d: discriminate(d, propertyName="knid"),
        "/discriminator/propertyName: FunctionToolCall has no property 'knid'. Write a property that every arm has.",
    ),
    "a union without a property that tells": (
        lambda d: add(d, {"oneOf": [{"$ref": "#/components/schemas/AudioOutput"}, {"$ref": PART}, {"type": "null"}]}),
        f"{REQUEST}/properties/added/oneOf: nothing distinguishes AudioOutput, TextPart. Give each of them",
    ),
    "an object of two": (
        lambda d: schemas(d).update(A={"allOf": [{"$ref": PART}, {"type": "object", "properties": {"b": {}}}]}),
        "#/components/schemas/A/allOf: the templates read no object that is composed of several. Write all properties",
    ),
    "a circle of allOf": (
        lambda d: schemas(d).update(
            A={"allOf": [{"$ref": "#/components/schemas/B"}]}, B={"allOf": [{"$ref": "#/components/schemas/A"}]}
        ),
        "#/components/schemas/A/allOf: A contains itself: A -> B -> A. Remove one of the references,",
    ),
    "a circle of references": (
        lambda d: schemas(d).update(A={"$ref": "#/components/schemas/B"}, B={"$ref": "#/components/schemas/A"}),
        "#/components/schemas/A/$ref: '#/components/schemas/B' refers to itself.",
    ),
    "a list of itself": (
        lambda d: schemas(d).update(A={"type": "array", "items": {"$ref": "#/components/schemas/A"}}),
        "#/components/schemas/A/items: A contains itself: A -> A. Remove one of the references, or make it a property",
    ),
    "a map of maps of itself": (
        lambda d: schemas(d).update(
            A={"type": "object", "additionalProperties": {"additionalProperties": {"$ref": "#/components/schemas/A"}}}
        ),
        "#/components/schemas/A/additionalProperties: A contains itself: A -> A.",
    ),
    "messages that are a text": (
        lambda d: parameters(d).update(messages={"type": "string"}),
        f"{REQUEST}/properties/messages: this is not a list of ChatMessage. Write an array whose items are",
    ),
    "a schema that is a boolean": (
        lambda d: add(d, True),
        f"{REQUEST}/properties/added: no code is generated from the schema true. Write '{{}}' for any value.",
    ),
    "a keyword of this project with a typo": (
        lambda d: parameters(d)["store"].update({"x-when-absnt": None}),
        f"{REQUEST}/properties/store/x-when-absnt: 'x-when-absnt' has no meaning here. Write 'x-when-absent'.",
    ),
    "nullable of OpenAPI 3.0": (
        lambda d: parameters(d)["store"].update(nullable=True),
        f"{REQUEST}/properties/store/nullable: 'nullable' is of OpenAPI 3.0. Write 'null' among the types.",
    ),
    "a keyword with a typo": (
        lambda d: parameters(d)["store"].update(descripton="x"),
        f"{REQUEST}/properties/store/descripton: 'descripton' is not a keyword of JSON Schema. Write 'description'.",
    ),
    "a limit that is a text": (
        lambda d: parameters(d)["top_p"].update(minimum="0"),
        f"{REQUEST}/properties/top_p/minimum: expected number, found '0'. Write a value of type number.",
    ),
    "a limit of OpenAPI 3.0": (
        lambda d: parameters(d)["top_p"].update(exclusiveMinimum=True),
        f"{REQUEST}/properties/top_p/exclusiveMinimum: True is not a number. Write the limit itself:",
    ),
    "a number among texts": (
        lambda d: add(d, {"type": "string", "enum": ["a", 1]}),
        f"{REQUEST}/properties/added/enum/1: 1 is not of type string. Write '1' in quotes.",
    ),
    "an enum of two types": (
        lambda d: add(d, {"enum": ["a", 1, None]}),
        f"{REQUEST}/properties/added/enum: the values are not all texts, or all integers. Write 'anyOf'",
    ),
    "a value twice": (
        lambda d: add(d, {"type": "string", "enum": ["a", "a"]}),
        f"{REQUEST}/properties/added/enum/1: 'a' is there twice. Remove one.",
    ),
    "an enum without values": (
        lambda d: add(d, {"type": "string", "enum": []}),
        f"{REQUEST}/properties/added/enum: the enum has no values. Add them, or remove 'enum'.",
    ),
    "a default of another type": (
        lambda d: add(d, {"type": "integer", "default": "a"}),
        f"{REQUEST}/properties/added/default: the default 'a' is not a value of this schema. Write one that is.",
    ),
    "a default of another format": (
        lambda d: add(d, {"type": "string", "format": "date", "default": "today"}),
        f"{REQUEST}/properties/added/default: the default 'today' is not a value of this schema. Write one that is.",
    ),
    "a const of another type": (
        lambda d: add(d, {"type": "integer", "const": "a"}),
        f"{REQUEST}/properties/added/const: 'a' is not of type integer. Write a value of type integer.",
    ),
    "a pattern that is none": (
        lambda d: add(d, {"type": "string", "pattern": "["}),
        f"{REQUEST}/properties/added/pattern: this is not a regular expression:",
    ),
    "an array without items": (
        lambda d: add(d, {"type": "array"}),
        f"{REQUEST}/properties/added: an array does not say what its items are. Add 'items'.",
    ),
    "a schema that is a text": (
        lambda d: add(d, "string"),
        f"{REQUEST}/properties/added: expected object, as in {{type: string}}, found 'string'.",
    ),
    "a schema that is empty": (
        lambda d: add(d, None),
        f"{REQUEST}/properties/added: expected object, as in {{type: string}}, found None.",
    ),
    "a binary value in JSON": (
        lambda d: add(d, {"type": "string", "format": "binary"}),
        f"{REQUEST}/properties/added/format: JSON has no binary values. Write 'format: byte'",
    ),
    "properties that are a list": (
        lambda d: part(d).update(properties=["a"], required=[]),
        f"{PART}/properties: expected object, found ['a'].",
    ),
    "no paths": (lambda d: d.pop("paths"), "#: there are no paths. Add 'paths' with POST /chat/completions."),
    "no components": (lambda d: d.pop("components"), "#: there are no components. Add 'components' with 'schemas'."),
    "another version": (lambda d: d.update(openapi="3.0.3"), "#/openapi: the version is '3.0.3'. Write 'openapi: 3.1"),
    "no operationId": (lambda d: operation(d).pop("operationId"), f"{OPERATION}: there is no operationId. Add one;"),
    "no chat completions": (
        lambda d: rename(d["paths"], CHAT, "/chat"),
        "#/paths: there is no POST /chat/completions, which the wrapper calls. Add it.",
    ),
    "a request that is no component": (
        lambda d: operation(d).pop("requestBody"),
        f"{OPERATION}/requestBody/content/application~1json/schema: the request of chat completions is not a component",
    ),
    "a path parameter that is not described": (
        lambda d: path(d, "/models/{id}"),
        "#/paths/~1models~1{id}: the path parameter 'id' is not described. Add it to 'parameters'.",
    ),
    "a parameter in no place": (
        lambda d: path(d, "/models", parameters=query(**{"in": "qery"})),
        "#/paths/~1models/get/parameters/0/in: 'qery' is not accepted. Write 'query'.",
    ),
    "a parameter twice": (
        lambda d: path(d, "/models", parameters=query() + query()),
        "#/paths/~1models/get/parameters/1: the query parameter 'a' is there twice. Remove one.",
    ),
    "a required parameter that create() does not send": (
        lambda d: operation(d).update(parameters=query(required=True)),
        f"{OPERATION}/parameters/0/required: create() does not send the query parameter 'a'. Remove 'required'",
    ),
    "a path that is a reference": (
        lambda d: d["paths"].update({"/x": {"$ref": "#/components/pathItems/x"}}),
        "#/paths/~1x/$ref: a path is not read through a reference. Write it here.",
    ),
    "a style that is not written": (
        lambda d: path(d, "/models", parameters=query(style="deepObject")),
        "#/paths/~1models/get/parameters/0/style: 'deepObject' is not written. Write 'form'.",
    ),
    "a header that is a list": (
        lambda d: path(d, "/models", parameters=query(**{"in": "header"}, schema={"type": "array", "items": {}})),
        "#/paths/~1models/get/parameters/0/schema: a header is not written from the schema of 'a'. Write one type",
    ),
    "a body without a name": (
        lambda d: path(d, "/x", "post", requestBody=body("application/json", {"type": "object"})),
        "#/paths/~1x/post/requestBody/content/application~1json/schema: the body is an object without a name.",
    ),
    "a body in XML": (
        lambda d: path(d, "/x", "post", requestBody=body("application/xml", {"type": "string"})),
        "#/paths/~1x/post/requestBody/content/application~1xml: a body of type application/xml is not written.",
    ),
    "a key of an operation with a typo": (
        lambda d: operation(d).update(operationid="x"),
        f"{OPERATION}: Unevaluated properties are not allowed ('operationid' was unexpected). Correct the name",
    ),
    "no responses": (
        lambda d: operation(d).pop("responses"),
        f"{OPERATION}: there are no responses. Add 'responses'.",
    ),
    "a response without a description": (
        lambda d: operation(d)["responses"]["200"].pop("description"),
        f"{OPERATION}/responses/200: 'description' is missing. Add it.",
    ),
    "a scheme that does not exist": (
        lambda d: d.update(security=[{"beerer": []}]),
        "#/security/0/beerer: there is no security scheme 'beerer'.",
    ),
    "a component that is no class": (
        lambda d: schemas(d).update({"text-part": {"type": "string"}}),
        "#/components/schemas/text-part: 'text-part' is not the name of a class. Write it as in 'ChatMessage'.",
    ),
    "a component whose class has another name": (
        lambda d: schemas(d).update(GPT4o={"type": "string"}),
        "#/components/schemas/GPT4o: the class of 'GPT4o' is called GPT4O. Write the name so.",
    ),
    "two components that become one": (
        lambda d: schemas(d).update(TEXTPart={"type": "string"}),
        "#/components/schemas/TEXTPart: 'TEXTPart' and 'TextPart' become the same module.",
    ),
    "a component with the name of a typed dict": (
        lambda d: schemas(d).update(TextPartParam={"type": "object"}),
        "#/components/schemas/TextPartParam: the typed dict of TextPart has the name 'TextPartParam'.",
    ),
    "a component with a name of the templates": (
        lambda d: schemas(d).update(Reader={"type": "object"}),
        "#/components/schemas/Reader: the generated modules use the name 'Reader' themselves.",
    ),
    "messages that are no union": (
        lambda d: rename(schemas(d)["ChatMessage"], "oneOf", "anyOf"),
        "#/components/schemas: ChatMessage is not a union of messages. Keep the component ChatMessage",
    ),
}

TEXTS: dict[str, tuple[str, str, str]] = {
    "a key twice": (
        "        user:\n",
        "        store:\n          type: string\n        user:\n",
        f"{REQUEST}/properties/store: the key 'store' is there twice, on lines ",
    ),
    "a status without quotes": ('        "400":', "        400:", '400: YAML reads the key 400 as int. Write "400"'),
    "a tab": ("paths:\n", "paths:\n\t/x: 1\n", "#: this is not YAML: found character that cannot start any token."),
    "a list": ("openapi: 3.1.0", "- openapi: 3.1.0", "#: this is not YAML: did not find expected '-' indicator."),
    "words that YAML reads as true": (
        '          type: [boolean, "null"]',
        "          type: string\n          enum: [on, off]",
        "/enum/0: True is not of type string. Write 'True' in quotes.",
    ),
}


def refused(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ContractError:
    contract = tmp_path / "openapi.yaml"
    contract.write_text(text, "utf-8")
    monkeypatch.setattr(generate, "CONTRACT", contract)
    with pytest.raises(ContractError) as caught:
        generate.load_contract()
    return caught.value


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_error(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, the line, the place, what is wrong, and what to write."""
    edit, message = MISTAKES[name]
    document = copy.deepcopy(DOCUMENT)
    edit(document)
    text = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False)
    error = refused(text, tmp_path, monkeypatch)
    assert message in str(error)
    for line in str(error).splitlines():
        assert line.startswith("openapi.yaml:")
    (problem, *_) = [problem for problem in error.problems if message.split(": ")[0] in f"#{problem.pointer}"]
    keys = [key for key in problem.pointer.split("/") if key and not key.isdigit()]
    if keys and "is missing" not in message and "is not a component" not in message:
        written = text.splitlines()[error.lines[problem.pointer] - 1]
        assert keys[-1].replace("~1", "/") in written or written.lstrip().startswith("- ")


@pytest.mark.parametrize("name", TEXTS)
def test_a_mistake_in_the_text_is_one_error(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only the text shows: keys that are there twice, keys that are numbers, and broken YAML."""
    old, new, message = TEXTS[name]
    assert old in SOURCE
    text = SOURCE.replace(old, new, 1)
    error = refused(text, tmp_path, monkeypatch)
    assert message in str(error)
    changed = [index for index, pair in enumerate(zip(text.splitlines(), SOURCE.splitlines(), strict=False), 1)
               if pair[0] != pair[1]]  # fmt: skip
    assert changed[0] - 1 <= next(iter(error.lines.values())) <= changed[0] + 3


def test_a_mistake_leaves_everything_as_it_is(tree: Tree) -> None:
    """The message and the exit status, and not a byte of what is generated changes."""
    before = tree.files()
    text = tree.contract.read_text("utf-8")
    tree.contract.write_text(text.replace("type: boolean", "type: boolaen", 1), "utf-8")
    done = tree.generate()
    assert done.returncode == 1
    assert done.stderr.startswith("openapi.yaml:")
    assert "'boolaen' is not a type. Write 'boolean'." in done.stderr
    assert "Traceback" not in done.stderr
    assert tree.files() == before


def test_a_renamed_component_that_the_wrapper_imports_is_refused(tree: Tree) -> None:
    """The modules and lines that import it, and not a byte changes."""
    before = tree.files()
    text = tree.contract.read_text("utf-8")
    tree.contract.write_text(text.replace("CompletionUsage", "UsageOfTokens"), "utf-8")
    done = tree.generate()
    assert done.returncode == 1
    assert "#/components/schemas: opper_chat/" in done.stderr
    assert "imports CompletionUsage from opper_chat_api.models, which is not there any more." in done.stderr
    assert "Traceback" not in done.stderr
    assert tree.files() == before


def test_a_template_that_writes_wrong_code_is_refused(tree: Tree) -> None:
    """Undefined names, an import that fails and a wrong type: each by the tool that finds it, and nothing changes."""
    before = tree.files()
    template = tree / "generator-templates" / "errors.py.jinja"
    text = template.read_text("utf-8")
    for added, message in (
        ("\n\ndef broken() -> None:\n    undefined_name()\n", "What was generated has undefined names"),
        ("\n\nraise RuntimeError('at import')\n", "What was generated cannot be imported"),
        ("\n\nbroken: int = 'text'\n", "What was generated does not pass mypy"),
    ):
        template.write_text(text + added, "utf-8")
        done = tree.generate()
        assert done.returncode == 1, message
        assert done.stderr.startswith(f"{message}. Nothing was changed.")
        assert tree.files() == before
