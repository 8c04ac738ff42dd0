"""Which stock templates of openapi-python-client are overridden, and whether they are the ones overridden.

`generator-templates/stock.json` has the version of the generator and the SHA-256 of each stock template that has an
override. `python -m generation.templates --write`, run in `scripts/`, writes it again once the overrides are compared.
"""

from __future__ import annotations

import hashlib
import json
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

GENERATOR = "openapi-python-client"
FOLDER = Path(__file__).resolve().parents[2] / "generator-templates"
RECORD = FOLDER / "stock.json"


def stock_hashes() -> dict[str, str]:
    """Return the SHA-256 of each installed stock template that has an override."""
    stock = files("openapi_python_client") / "templates"
    found = {path.name: stock / path.name for path in sorted(FOLDER.glob("*.jinja"))}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in found.items() if path.is_file()}


def changed_templates() -> list[str]:
    """Return what differs between the stock templates that are recorded and those that are installed."""
    recorded: dict[str, str] = json.loads(RECORD.read_text("utf-8"))["templates"]
    installed = stock_hashes()
    lines = [f"{name}: the stock template is gone" for name in sorted(recorded.keys() - installed.keys())]
    lines += [f"{name}: the override is not recorded" for name in sorted(installed.keys() - recorded.keys())]
    both = sorted(recorded.keys() & installed.keys())
    return lines + [f"{name}: the stock template changed" for name in both if recorded[name] != installed[name]]


def write_record() -> None:
    """Record the stock templates that are installed."""
    record = {"generator": f"{GENERATOR} {version(GENERATOR)}", "templates": stock_hashes()}
    RECORD.write_text(json.dumps(record, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m generation.templates --write")
    write_record()
