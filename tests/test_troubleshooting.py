"""docs/troubleshooting.md: a row for every public exception, and the messages that the programs of the page print."""

import re
from pathlib import Path

import opper_chat
import opper_chat.batch
import opper_chat.ray
import opper_chat.telemetry
import opper_chat.testing
import opper_chat_api.errors
from opper_chat.testing import LocalServer
from test_readme import run

PAGE = (Path(__file__).parents[1] / "docs" / "troubleshooting.md").read_text("utf-8")
MODULES = (
    opper_chat,
    opper_chat.batch,
    opper_chat.ray,
    opper_chat.telemetry,
    opper_chat.testing,
    opper_chat_api.errors,
)
CLASSES = {
    value.__name__: value
    for module in MODULES
    for name in vars(module)["__all__"]
    if isinstance(value := getattr(module, name), type) and issubclass(value, Exception)
}


def test_every_public_exception_has_its_row() -> None:
    """One row for each class, and none for another."""
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(CLASSES)
    assert len(CLASSES) > 40


def test_the_messages_are_those_that_the_programs_print(server: LocalServer) -> None:
    """Each text block is the output of the program above it; the first one is a line of these."""
    first, *shown = re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert run("troubleshooting.md", server) == "".join(shown)
    assert first in shown[1]
