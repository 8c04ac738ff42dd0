"""The notebook of the cookbook, run by a kernel of Jupyter."""

import time
from typing import Any

import nbformat
import pytest
from cookbook_programs import RECIPES, program_environment
from endless_stream import EndlessStream
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from opper_chat.testing import LocalServer, ReceivedRequest, Reply

SECONDS = 60


@pytest.fixture(autouse=True)
def _model_of_the_kernel(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in program_environment(server).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def notebook() -> Any:
    return nbformat.read(RECIPES / "notebook.ipynb", as_version=4)


def reply(request: ReceivedRequest) -> Reply | None:
    """Reply as a model would; the local server itself does not know planets."""
    if "response_format" in request.body:
        return Reply.completion('{"value": [{"name": "Mars", "moons": 2}, {"name": "Venus", "moons": 0}]}')
    return Reply.completion(f"To {request.messages[0]['content']}")


def test_the_notebook(server: LocalServer, notebook: Any) -> None:
    """Each cell runs, the outputs are those of the model, and the key is in none of them."""
    server.always(reply)
    NotebookClient(notebook, timeout=SECONDS).execute()
    outputs = {cell["id"]: cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code"}
    assert outputs["stream"][0]["text"] == "To Count from one to five."
    assert outputs["values"][0]["data"]["text/markdown"].splitlines()[2:] == ["| Mars | 2 |", "| Venus | 0 |"]
    assert "To Say good morning in Hindi." in outputs["async"][0]["data"]["text/plain"]
    assert "local-key" not in nbformat.writes(notebook)
    assert len(server.requests) == 5


def test_a_cell_that_is_interrupted(server: LocalServer, notebook: Any) -> None:
    """The model stops, and the next cell works with the same client."""
    source = {cell["id"]: cell["source"] for cell in notebook["cells"]}
    stream = EndlessStream()
    server.reply(stream.reply())
    manager, client = start_new_kernel(startup_timeout=SECONDS)
    try:
        assert client.execute_interactive(source["client"], timeout=SECONDS)["content"]["status"] == "ok"
        request = client.execute(source["stream"])
        text, deadline = "", time.monotonic() + SECONDS
        while "token3" not in text:
            message = client.get_iopub_msg(timeout=deadline - time.monotonic())
            text += message["content"].get("text", "")
        assert not stream.closed.is_set()
        manager.interrupt_kernel()
        while (ended := client.get_shell_msg(timeout=SECONDS))["parent_header"]["msg_id"] != request:
            pass
        assert ended["content"]["ename"] == "KeyboardInterrupt"
        assert stream.closed.wait(5)
        assert client.execute_interactive(source["stream"], timeout=SECONDS)["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert len(server.requests) == 2
