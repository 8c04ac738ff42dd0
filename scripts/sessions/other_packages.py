"""Other packages with this client: servers, Ray, instructor, openai's examples."""

from __future__ import annotations

from pathlib import Path

import nox

from .common import NO_KEY, group


@nox.session
def servers(session: nox.Session) -> None:
    """Run the client against two real servers, started on this machine: LiteLLM's proxy, and llama.cpp's engine."""
    session.install(".[testing]", "pytest>=8", "litellm[proxy]", "xllamacpp", "gguf")
    session.run("pytest", "tests/servers", *session.posargs, env=NO_KEY)


@nox.session
def ray(session: nox.Session) -> None:
    """Run batches on a Ray cluster of this machine, kill a worker and a driver, and count the rows on both sides."""
    session.install(".[ray,testing]", *group("ray"))
    session.run("pytest", "-s", "tests/ray_data", *session.posargs, env=NO_KEY)


@nox.session
def instructor(session: nox.Session) -> None:
    """Run instructor over the client."""
    session.install(".[testing]", "pytest>=8", "instructor>=1.17")
    session.run("pytest", "tests/neighbours", *session.posargs, env=NO_KEY)


@nox.session(name="openai-examples")
def openai_examples(session: nox.Session) -> None:
    """Run the chat examples of the openai package, fetched from PyPI, with their import changed."""
    session.install(".[testing]", "pip", "pydantic>=2", "rich")
    folder = Path(session.create_tmp())
    for old in folder.glob("openai-*.tar.gz"):
        old.unlink()
    fetch = ("pip", "download", "--quiet", "--no-deps", "--no-binary", "openai", "--dest", str(folder), "openai")
    session.run("python", "-m", *fetch)
    (archive,) = folder.glob("openai-*.tar.gz")
    session.run("python", "tests/neighbours/openai_examples.py", str(archive), env=NO_KEY)
