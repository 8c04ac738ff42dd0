"""What users read and see first."""

from __future__ import annotations

import nox

from .common import NO_KEY, group


@nox.session
def demo(session: nox.Session) -> None:
    """Show a plain call, a streamed one and a tool call: on the local server, or on the real one if a key is set."""
    session.install(".[testing]")
    session.run("python", "examples/demo.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site of the documentation into `build/docs/site`; `-- serve` shows it while you write."""
    session.install(".[testing,otel]", *group("docs"))
    session.run("python", "-m", "scripts.docs.build", *session.posargs)


@nox.session(name="docs-browser")
def docs_browser(session: nox.Session) -> None:
    """Test the site in Chromium, which must be installed, and its scripts; `-- --screenshots FOLDER` takes pictures."""
    mypy = [name for name in group("types") if name.startswith(("mypy", "types-PyYAML"))]
    session.install(".[testing,otel]", *group("docs"), *mypy, "playwright>=1.50", "pytest>=8")
    session.run("mypy", "--strict", "--follow-imports=silent", "--explicit-package-bases", "scripts/docs")
    session.run("python", "-m", "scripts.docs.build")
    session.run("pytest", "tests/site", *session.posargs, env=NO_KEY)


@nox.session
def cookbook(session: nox.Session) -> None:
    """Run the recipes that need a kernel of Jupyter, or a worker of Celery."""
    session.install(".[testing]", *group("cookbook"))
    session.run("pytest", "tests/cookbook", "--ignore=tests/cookbook/test_browser.py", *session.posargs, env=NO_KEY)


@nox.session(name="cookbook-browser")
def cookbook_browser(session: nox.Session) -> None:
    """Use the page of the cookbook in Chromium, which must be installed, or named by the variable CHROMIUM."""
    session.install(".[testing]", *group("cookbook"))
    session.run("pytest", "tests/cookbook/test_browser.py", *session.posargs, env=NO_KEY)


@nox.session
def recording(session: nox.Session) -> None:
    """Record the demo in a terminal, as the picture in the README; `-- --check` compares it with the one there."""
    session.install("nox", "rich>=13")
    session.run("python", "scripts/recording.py", *session.posargs, env=NO_KEY)
