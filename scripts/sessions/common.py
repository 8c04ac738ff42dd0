"""What the sessions share."""

from __future__ import annotations

from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parents[2]
PROJECT = nox.project.load_toml("pyproject.toml")
NO_KEY = dict.fromkeys(("OPPER_API_KEY", "OPPER_HTTP_BEARER", "OPPER_BASE_URL", "OPPER_LOG", "OPPER_LOG_CONTENT"))
OF_THEIR_OWN = [
    f"--ignore=tests/{folder}"
    for folder in (
        "contract_tools", "cookbook", "editors", "generation", "interop", "neighbours", "ray_data", "release",
        "servers", "site",
    )
]  # fmt: skip
"""Tests that a session of their own runs."""

WORKERS = "4"
"""Of the tests. They wait more than they work, so there may be twice as many as cores."""


def group(*names: str) -> list[str]:
    return nox.project.dependency_groups(PROJECT, *names)
