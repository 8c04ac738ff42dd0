"""docs/migration.md: the program for the OpenAI SDK and the one for this package print the same."""

from opper_chat.testing import LocalServer
from test_readme import run


def test_both_programs_print_the_same(server: LocalServer) -> None:
    """Line by line, and both send the null of step 6."""
    theirs = run("migration.md", server, "openai")
    ours = run("migration.md", server)
    assert len(theirs.splitlines()) > 8
    assert ours == theirs
    assert [request.body.get("stop", "absent") for request in server.requests].count(None) == 4
