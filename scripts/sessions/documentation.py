"""What users read and see first."""

from __future__ import annotations

import nox

from .common import group


@nox.session
def demo(session: nox.Session) -> None:
    """Show a plain answer, a streamed one and a tool call: on the local server, or for real when a key is set."""
    session.install(".[testing]")
    session.run("python", "examples/demo.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site of the documentation into `build/docs/site`; `-- serve` shows it while you write."""
    session.install(".[testing,otel]", *group("docs"))
    session.run("python", "-m", "scripts.docs.build", *session.posargs)
