"""What users read and see first."""

from __future__ import annotations

import nox


@nox.session
def demo(session: nox.Session) -> None:
    """Show a plain answer, a streamed one and a tool call: on the local server, or for real when a key is set."""
    session.install(".[testing]")
    session.run("python", "examples/demo.py", *session.posargs)
