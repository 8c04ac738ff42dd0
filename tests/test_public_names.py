"""Every public attribute and method of a public class has a docstring and is named in the docs."""

import ast
import inspect
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, get_args, get_origin, is_typeddict

import opper_chat
import opper_chat.messages
import opper_chat.telemetry
import opper_chat.testing
import opper_chat.types
import opper_chat_api
import pytest
import yaml
from opper_chat import AsyncOpper, Opper

ROOT = Path(__file__).parent.parent
HELLO: Any = [{"role": "user", "content": "hello"}]

WITHOUT_DOCSTRING = {
    "additional_properties": "generated into every model; docs/models.md says what it holds",
    "type": "the value that tells the members of a union apart; docs/streams.md and docs/tools.md list them",
}
"""Attributes without a docstring, and why."""

NOT_IN_DOCS = {
    "adapt": "a field of Reply that Reply.completion() sets",
    "bare": "a field of Reply that Reply.raw() sets",
}
"""Attributes that the docs do not name, and why."""


def exported() -> Iterator[object]:
    """Yield what the public modules export."""
    for module in (opper_chat, opper_chat.types, opper_chat.testing):
        yield from (getattr(module, name) for name in module.__all__)
    for module in (opper_chat.messages, opper_chat.telemetry):
        names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
        yield from (getattr(module, name) for name in names)


def reachable() -> Iterator[object]:
    """Yield the classes of what a client, a conversation and a server give, and no module exports."""
    for client, conversation in (
        (Opper(api_key="key"), opper_chat.Conversation),
        (AsyncOpper(api_key="key"), opper_chat.AsyncConversation),
    ):
        completions: Any = client.chat.completions
        streamed = completions.with_streaming_response
        for value in (
            client.chat,
            client.beta,
            completions,
            completions.with_raw_response,
            streamed,
            streamed.create(messages=HELLO),
            completions.stream(messages=HELLO),
            completions.stream(messages=HELLO, response_format=int),
            completions.stream_tools(messages=HELLO, tools=[]),
            client.span("00000000-0000-0000-0000-000000000000"),
            conversation(client).stream("hello"),  # type: ignore[operator]
        ):
            yield type(value)


def parts(value: object) -> Iterator[type]:
    """Yield the classes of this package that a value is, or is a union of."""
    found = get_origin(value) or value
    if isinstance(found, type) and not is_typeddict(found):
        yield from (base for base in found.__mro__ if (base.__module__, base.__name__) in SOURCES)
    for argument in get_args(value):
        yield from parts(argument)


def sources() -> dict[tuple[str, str], ast.ClassDef]:
    """Return the source of each class, by module and name. That of errors, which name the package, is in any module."""
    found: dict[tuple[str, str], ast.ClassDef] = {}
    for package in (opper_chat, opper_chat_api):
        root = Path(package.__file__ or "").parent
        for path in root.rglob("*.py"):
            module = ".".join((package.__name__, *path.relative_to(root).with_suffix("").parts))
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef):
                    found[module, node.name] = node
                    found.setdefault((package.__name__, node.name), node)
    return found


SOURCES = sources()


def attributes(cls: type) -> dict[str, str | None]:
    """Return the public attributes and methods that a class defines, with the docstring of each.

    The docstring of a data attribute is the text after it, or its entry in the docstring of the class.
    """
    source = SOURCES[cls.__module__, cls.__name__]
    found: dict[str, str | None] = dict.fromkeys(name for name in vars(cls) if not name.startswith("_"))
    listed = dict(re.findall(r"^\s+(\w+): (.+)", ast.get_docstring(source, clean=False) or "", re.MULTILINE))
    for node in ast.walk(source):
        body: list[ast.stmt] = getattr(node, "body", []) if isinstance(node, (ast.ClassDef, ast.FunctionDef)) else []
        for statement, after in zip_longest(body, body[1:]):
            for name in names_set(node, statement):
                text = (
                    after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else None
                )
                found[name] = found.get(name) or (text if isinstance(text, str) else listed.get(name))
    for name, value in vars(cls).items():
        if name in found and (isinstance(value, (property, classmethod, staticmethod)) or inspect.isfunction(value)):
            found[name] = value.__doc__
    inherited = {name for base in cls.__mro__ if (base.__module__, base.__name__) not in SOURCES for name in vars(base)}
    for base in cls.__mro__[1:]:
        if (base.__module__, base.__name__) in SOURCES:
            found = {name: text or attributes(base).get(name) for name, text in found.items()}
    return {name: text for name, text in found.items() if not name.startswith("_") and name not in inherited}


def text_of(statement: ast.stmt | None) -> str | None:
    """Return the text of a statement that is nothing else."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def names_set(node: ast.AST, statement: ast.stmt) -> Iterator[str]:
    """Yield the attributes that a statement sets, in the body of a class or of one of its methods."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    for target in targets:
        if isinstance(node, ast.ClassDef) and isinstance(target, ast.Name):
            yield target.id
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            yield target.attr


CLASSES = sorted(
    {cls for value in (*exported(), *reachable()) for cls in parts(value)},
    key=lambda cls: (cls.__module__, cls.__name__),
)
PAGES = "\n".join(path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))))
BLOCKS = "\n".join(re.findall(r"^```.*?^```", PAGES, re.MULTILINE | re.DOTALL))
SPANS = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", PAGES, flags=re.MULTILINE | re.DOTALL))


def is_in_docs(name: str) -> bool:
    """Whether the docs show an attribute in an example, or name it as code."""
    if re.search(rf"(?:\.{name}\b|\b{name}=|\bdef {name}\()", BLOCKS):
        return True
    return any(re.search(rf"(?:^|[.]){name}(?:$|[(.=\[])|\b{name}=", span) for span in SPANS)


def members_of_the_contract() -> set[str]:
    """Return the attributes for the properties of the contract, whose descriptions are in openapi.yaml."""
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            found.update(re.sub(r"\W", "_", name) for name in value.get("properties", {}))
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(yaml.safe_load((ROOT / "openapi.yaml").read_text()))
    return found


CONTRACT = members_of_the_contract()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_public_attributes_are_documented(cls: type) -> None:
    """Each has a docstring and is named in the docs, or is a property of the contract."""
    found = attributes(cls)
    if cls.__module__.startswith("opper_chat_api.models"):
        found = {name: text for name, text in found.items() if name.rstrip("_") not in CONTRACT}
    assert [name for name, text in found.items() if not text and name not in WITHOUT_DOCSTRING] == []
    assert [name for name in found if name not in NOT_IN_DOCS and not is_in_docs(name)] == []
