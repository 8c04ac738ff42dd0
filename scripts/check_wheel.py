"""Whether a built wheel holds what it must and nothing else. Takes its path."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

MUST = (
    "opper_chat/__init__.py",
    "opper_chat/__main__.py",
    "opper_chat/_sync/client.py",
    "opper_chat/_sync/completions.py",
    "opper_chat/_sync/session.py",
    "opper_chat/_transport/_sync/pool.py",
    "opper_chat/_sync/stream.py",
    "opper_chat/cli/main.py",
    "opper_chat/py.typed",
    "opper_chat/testing/__main__.py",
    "opper_chat/testing/contract.json",
    "opper_chat/testing/plugin.py",
    "opper_chat_api/models/chat_completion.py",
    "opper_chat_api/openapi.yaml",
    "opper_chat_api/params.py",
    "opper_chat_api/py.typed",
)


def main(path: Path) -> None:
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
    problems = [f"missing: {name}" for name in MUST if name not in names]
    for name in names:
        top = name.split("/")[0]
        if top not in ("opper_chat", "opper_chat_api") and not top.endswith(".dist-info"):
            problems.append(f"does not belong: {name}")
    if problems:
        sys.exit("\n".join(problems))
    print(f"{path.name}: {len(names)} files, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
