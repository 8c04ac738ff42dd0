"""`typing.get_type_hints` works on what the package exports, as tools for documentation and validation need it."""

import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, get_type_hints

import attrs
import opper_chat.types
import pytest
from opper_chat import AsyncOpper, Opper

MODULES = ("", ".batch", ".messages", ".ray", ".telemetry", ".testing", ".types")
"""The public modules."""

UNRESOLVED = {
    "CompletionError.__init__": "errors are imported by the modules that define what they have",
    "ToolRunError.__init__": "as above",
    "ToolFailedError.__init__": "as above",
    "RepeatedCallError.__init__": "as above",
    "LocalServer.play": "scenarios take longer to import than all else of `opper_chat.testing`",
}
"""What has hints with names that its module does not import, and why."""


def functions_of(owner: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the public methods and properties that a class defines itself."""
    for name, value in vars(owner).items():
        function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if not inspect.isfunction(function) or (name.startswith("_") and name != "__init__"):
            continue
        # attrs evaluates inherited fields in the module of the subclass. The hints of the class itself have them.
        is_inherited = attrs.has(owner) and any(field.inherited for field in attrs.fields(owner))
        if not (name == "__init__" and is_inherited):
            yield f"{owner.__name__}.{name}", function


def exported() -> Iterator[tuple[str, Any]]:
    """Yield the classes and functions that the package exports, and the methods of the classes, by their names."""
    for module in MODULES:
        package = import_module(f"opper_chat{module}")
        for name in package.__all__:
            value = getattr(package, name)
            if inspect.isfunction(value):
                yield name, value
            elif inspect.isclass(value):
                for owner in value.__mro__:
                    if owner.__module__.startswith("opper_chat"):
                        yield owner.__name__, owner
                        yield from functions_of(owner)


def test_every_public_class_and_function_has_hints() -> None:
    """Hints that name something, but for those in the list, of which each is needed."""
    unresolved: set[str] = set()
    checked = set()
    for name, value in exported():
        checked.add(name)
        try:
            get_type_hints(value)
        except NameError:
            unresolved.add(name)
    assert unresolved == set(UNRESOLVED)
    assert {"Opper.__init__", "AsyncOpper.span", "RawResponse.parse", "DefaultHttpxClient.__init__", "tool"} <= checked


@pytest.mark.parametrize("client", [Opper, AsyncOpper])
def test_the_methods_of_completions_have_hints(client: Any) -> None:
    """With the names of `opper_chat.types`: they import what a call does not need when they are called."""
    names = {name: getattr(opper_chat.types, name) for name in opper_chat.types.__all__}
    completions = client(api_key="key").chat.completions
    for name in ("create", "parse", "stream", "run_tools", "stream_tools"):
        assert "return" in get_type_hints(getattr(completions, name), localns=names)


CHECK = """
import sys, typing
sys.modules["httpx2"] = None  # as if it were not installed
from opper_chat import AsyncOpper, DefaultAsyncHttpxClient, DefaultHttpxClient, Opper
for value in (Opper.__init__, AsyncOpper.__init__, DefaultHttpxClient, DefaultAsyncHttpxClient.__init__):
    typing.get_type_hints(value)
import httpx
print(typing.get_type_hints(Opper.__init__)["http_client"] == (httpx.Client | None))
"""


def test_hints_without_the_optional_library() -> None:
    """The default client has them where httpx2 is not installed, and names the class of httpx."""
    environment = {name: value for name, value in os.environ.items() if name != "OPPER_HTTP_LIBRARY"}
    done = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, env=environment, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")
