"""The Python environments of the clients: the current one for this client, and one for each peer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PEERS = {
    "openai": ("openai", "openai"),
    "opperai": ("opperai", "opperai"),
    "litellm": ("litellm", "litellm"),
    "mistralai": ("mistralai", "mistralai.client"),
    "httpx": ("httpx", "httpx"),
    "aiohttp": ("aiohttp", "aiohttp"),
    "limit": ("orjson", "socket"),
}
"""The package to install for a client, and the module that a program imports."""

TRANSPORTS = {"httpx-aiohttp": ("async",), "pyreqwest": ("sync", "async"), "uvloop": ("async",)}
"""Other transports for this client, and the client layers that support them. uvloop is an event loop."""

FOLDER = Path(__file__).resolve().parents[2]
OURS = "opper"
REMOVED_VARIABLES = ("OPENAI_", "OPPER_", "MISTRAL_", "LITELLM_", "PYTHON", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
"""Prefixes of environment variables that could change how a client works."""


@dataclass(frozen=True)
class Environment:
    """The environment of a client.

    Attributes:
        python: its interpreter.
        module: what is imported to use the client.
        packages: its packages and their versions, as ``name==version``.
        variables: of its processes.
    """

    python: str
    module: str
    packages: tuple[str, ...]
    variables: dict[str, str]


def name_of(client: str) -> str:
    """Return the name of a client without its transport."""
    return client.partition("[")[0]


def transport_of(client: str) -> str | None:
    """Return the transport of a client, or None for its own."""
    return client.partition("[")[2].rstrip("]") or None


def environment(client: str, folder: Path) -> Environment:
    """Return the environment of a client. A missing one is created in the folder with uv."""
    name = name_of(client)
    variables = {key: value for key, value in os.environ.items() if not key.upper().startswith(REMOVED_VARIABLES)}
    variables["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would fetch a list from the Internet on import
    if name == OURS:
        if path := os.environ.get("PYTHONPATH"):
            variables["PYTHONPATH"] = os.pathsep.join(str(Path(entry).resolve()) for entry in path.split(os.pathsep))
        return Environment(sys.executable, "opper_chat", _packages(sys.executable), variables)
    requirement, module = PEERS[name]
    location = folder / name
    python = location / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (location / "ready").exists():
        uv = shutil.which("uv")
        if uv is None:
            sys.exit(
                "The peers are installed with uv, which is not installed: run `nox -s bench`, which installs it, "
                "or pip install uv."
            )
        print(f"Installing {requirement} ...", flush=True)
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(location)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), requirement], check=True)
        (location / "ready").touch()
    return Environment(str(python), module, _packages(str(python)), variables)


def _packages(python: str) -> tuple[str, ...]:
    code = (
        "import importlib.metadata as m\n"
        "print('\\n'.join(sorted({f\"{d.metadata['Name'].lower()}=={d.version}\" for d in m.distributions()})))"
    )
    return tuple(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.split())
