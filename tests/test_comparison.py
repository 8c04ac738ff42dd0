"""docs/comparison.md: what this client makes of the broken streams in its table."""

import re
from pathlib import Path

from opper_chat.testing import LocalServer
from test_readme import run

PAGE = (Path(__file__).parents[1] / "docs" / "comparison.md").read_text("utf-8")


def test_the_errors_are_those_of_the_table(server: LocalServer) -> None:
    """One for each row, in its order."""
    table = re.findall(r"^\| [^|`]+(?:`[^`]+`[^|`]+)* \| `(\w+Error)` \|", PAGE, re.MULTILINE)
    printed = run("comparison.md", server)
    assert len(table) == 5
    assert re.findall(r"^(\w+Error) ", printed, re.MULTILINE) == table
    assert "StreamTruncatedError Hello" in printed
