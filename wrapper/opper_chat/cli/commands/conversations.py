"""``opper-chat conversations``: list, show and remove the conversations that were saved."""

from __future__ import annotations

import argparse
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from ..console import Console
from ..conversations import find_conversation, list_conversations
from ..errors import CommandError
from ..exit_codes import ExitCode
from ..output import write_json_line

SHOWN_CHARACTERS = 60
"""How much of the first message is listed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``conversations``."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list the conversations, the latest first")
    listing.add_argument("--json", action="store_true", help="print them as lines of JSON")
    show = actions.add_parser("show", help="print the messages of a conversation")
    show.add_argument("id", metavar="ID", help="its id, as listed")
    show.add_argument("--json", action="store_true", help="print the messages as lines of JSON")
    remove = actions.add_parser("rm", help="remove conversations")
    remove.add_argument("id", metavar="ID", nargs="+", help="their ids, as listed")


def run(options: argparse.Namespace, console: Console) -> int:
    """Do what was asked, and return the exit code.

    Raises:
        UsageError: there is no such conversation.
        CommandError: a file cannot be read or removed.
    """
    if options.action == "list":
        _list(console, as_json=options.json)
    elif options.action == "show":
        _show(console, find_conversation(options.id, f"show {options.id}"), as_json=options.json)
    else:
        paths = [find_conversation(name, f"rm {name}") for name in options.id]  # all, before one is removed
        for path in dict.fromkeys(paths):
            try:
                path.unlink()
            except OSError as error:
                raise CommandError(f"{path}: The file cannot be removed: {error.strerror or error}.") from None
            console.note(f"Removed {path}.")
    return ExitCode.OK


def _list(console: Console, *, as_json: bool) -> None:
    for path in reversed(list_conversations()):
        try:
            messages = _read(path)
            changed = time.strftime("%Y-%m-%d %H:%M", time.localtime(path.stat().st_mtime))
        except FileNotFoundError:  # removed since it was listed
            continue
        except CommandError as error:
            console.error(str(error))
            continue
        texts = [_text(message) for message in messages if message.get("role") == "user"]
        first = " ".join((texts or [""])[0].split())
        if as_json:
            line = {"id": path.stem, "changed": changed, "messages": len(messages), "first": first, "path": str(path)}
            write_json_line(console, line)
            continue
        shown = first if len(first) <= SHOWN_CHARACTERS else f"{first[:SHOWN_CHARACTERS]}..."
        console.write_line(f"{path.stem}  {changed}  {len(messages)} messages  {shown}".rstrip())


def _show(console: Console, path: Path, *, as_json: bool) -> None:
    for number, message in enumerate(_read(path)):
        if as_json:
            write_json_line(console, message)
            continue
        calls = [f"[calls {name}]" for name in _call_names(message.get("tool_calls"))]
        text = "\n".join(filter(None, (_text(message), *calls)))
        if number:
            console.write("\n")
        console.write_line(f"{message.get('role')}:\n{text}")


def _read(path: Path) -> list[dict[str, Any]]:
    """Return the messages of a conversation.

    Raises:
        CommandError: the file cannot be read, or has something else.
    """
    import json

    try:
        messages: list[Any] = [json.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise CommandError(f"{path}: The conversation cannot be read: {error}.") from None
    if not all(isinstance(message, dict) for message in messages):
        raise CommandError(f"{path}: The file is not a conversation: a line is no JSON object.")
    return messages


def _text(message: dict[str, Any]) -> str:
    """Return the text of a message. Parts without a text are shown by their type."""
    content: Any = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(map(_part_text, content))  # pyright: ignore[reportUnknownArgumentType]


def _call_names(calls: Any) -> list[object]:
    """Return the names of the tools that a message calls."""
    names: list[object] = []
    with suppress(TypeError, AttributeError):  # a file that another program has written
        for call in calls or ():
            names.append(call.get(call.get("type"), call).get("name"))  # noqa: PERF401  # keeps those before a wrong one
    return names


def _part_text(part: Any) -> str:
    if not isinstance(part, dict):
        return str(part)
    properties = cast("dict[str, Any]", part)
    text = properties.get("text")
    return text if isinstance(text, str) else f"[{properties.get('type')}]"
