"""Completion in editors (Jedi reads the source), IPython and Jupyter (which look at the live objects)."""

from collections.abc import Iterator
from typing import Any

import pytest
from opper_chat import AsyncOpper, CallOptions, Opper
from opper_chat._config.options import CONSTRUCTOR_OPTIONS
from opper_chat._requests.tool_options import ToolLoopOptions
from opper_chat_api.params import ChatCompletionRequestParam

jedi = pytest.importorskip("jedi")  # the types session has it
pytest.importorskip("IPython")

from IPython.core.completer import provisionalcompleter  # noqa: E402
from IPython.core.interactiveshell import InteractiveShell  # noqa: E402
from traitlets.config import Config  # noqa: E402

ARGUMENTS = {*ChatCompletionRequestParam.__annotations__, *CallOptions.__annotations__}
METHODS = ["create", "parse", "stream", "run_tools", "stream_tools", "with_raw_response.create"]
IMPORTS = "from opper_chat import AsyncOpper, Opper\nclient = {}()\n"


@pytest.fixture(scope="module", autouse=True)
def _no_files_of_other_processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the cache of Jedi and the history of IPython away from other processes that run these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jedi.settings, "cache_directory", str(tmp_path_factory.mktemp("jedi")))
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        yield
        InteractiveShell.clear_instance()


def shell_with(client: Any) -> InteractiveShell:
    """Return a shell that has this client and no history."""
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.user_ns["client"] = client
    return shell


@pytest.mark.parametrize("name", [*METHODS, "with_streaming_response.create"])
@pytest.mark.parametrize("client", ["Opper", "AsyncOpper"])
def test_jedi_shows_every_argument(client: str, name: str) -> None:
    """Of source that was not run."""
    code = f"{IMPORTS.format(client)}client.chat.completions.{name}("
    signatures = jedi.Script(code).get_signatures()
    assert [ARGUMENTS - {parameter.name for parameter in one.params} for one in signatures] == [set()]


@pytest.mark.parametrize("name", ["run_tools", "stream_tools"])
@pytest.mark.parametrize("client", ["Opper", "AsyncOpper"])
def test_jedi_shows_the_options_of_a_tool_loop(client: str, name: str) -> None:
    """With their types and defaults."""
    (signature,) = jedi.Script(f"{IMPORTS.format(client)}client.chat.completions.{name}(").get_signatures()
    shown = {parameter.name: parameter.to_string() for parameter in signature.params}
    assert set(ToolLoopOptions.__annotations__) <= set(shown)
    assert shown["max_turns"] == "max_turns: int=8"
    assert shown["before_call"].endswith("BeforeCall | None=None")


@pytest.mark.parametrize("client", ["Opper", "AsyncOpper"])
def test_jedi_shows_every_option_of_a_client(client: str) -> None:
    """Those that a call takes too, which are declared once for both."""
    (signature,) = jedi.Script(f"from opper_chat import {client}\n{client}(").get_signatures()
    assert {*CONSTRUCTOR_OPTIONS} - {parameter.name for parameter in signature.params} == set()


@pytest.mark.parametrize("client", ["Opper", "AsyncOpper"])
def test_jedi_completes_an_argument(client: str) -> None:
    """By its first letters."""
    code = f"{IMPORTS.format(client)}client.chat.completions.create(reaso"
    assert "reasoning_effort=" in {one.name for one in jedi.Script(code).complete()}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("client", [Opper, AsyncOpper])
def test_ipython_completes_the_arguments(client: Any, name: str) -> None:
    """Of a live client, as Jupyter asks for them too."""
    shell = shell_with(client(api_key="key"))
    with provisionalcompleter():
        for prefix, expected in (("messa", "messages"), ("reaso", "reasoning_effort"), ("extra_b", "extra_body")):
            code = f"client.chat.completions.{name}({prefix}"
            found = {one.text for one in shell.Completer.completions(code, len(code))}
            assert f"{expected}=" in found


def test_ipython_shows_the_signature() -> None:
    """With `?`."""
    shell = shell_with(Opper(api_key="key"))
    definition = shell.object_inspect("client.chat.completions.create")["definition"]
    assert all(f"{name}: " in definition for name in ARGUMENTS)
