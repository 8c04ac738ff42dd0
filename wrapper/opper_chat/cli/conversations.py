"""The files of saved conversations, which only their owner can read. Does not list or remove them.

A file has the format of `opper_chat.Conversation.save`: a message as JSON on each line. The model, the parameters and
the key are not in it.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import CommandError, UsageError, did_you_mean
from .paths import CONVERSATION_ID, conversations_folder

if TYPE_CHECKING:
    from .. import Conversation, Opper


def new_conversation() -> Path:
    """Return the path of a conversation that does not exist yet. Its name begins with the time."""
    name = time.strftime("%Y%m%d-%H%M%S")
    return conversations_folder() / f"{name}-{os.urandom(2).hex()}.jsonl"


def conversation_path(name: str, source: str | None = None) -> Path:
    """Return the path of a conversation, whether or not it exists.

    Raises:
        UsageError: the id has characters that are not accepted.
    """
    if not CONVERSATION_ID.fullmatch(name):
        raise UsageError(f"{source or f'--conversation {name}'}: expected an id of letters, digits, '.', '_' and '-'.")
    return conversations_folder() / f"{name}.jsonl"


def find_conversation(name: str, source: str | None = None) -> Path:
    """Return the path of a conversation that exists.

    Args:
        name: its id.
        source: what named it, for error messages. Default: the option ``--conversation``.

    Raises:
        UsageError: there is none. The error proposes a similar id.
    """
    source = source or f"--conversation {name}"
    path = conversation_path(name, source)
    if path.is_file():
        return path
    known = [each.stem for each in list_conversations()]
    near = did_you_mean(name, known)
    hint = "To begin one, add --save." if source.startswith("--") else "`conversations list` lists them."
    raise UsageError(f"{source}: There is no conversation {path}. {near}{hint}")


def latest_conversation() -> Path:
    """Return the path of the conversation that was changed last.

    Raises:
        UsageError: there is none.
    """
    found = list_conversations()
    if not found:
        raise UsageError(f"-c: There is no conversation in {conversations_folder()}. Save one with --save.")
    return found[-1]


def open_conversation(options: argparse.Namespace, client: Opper) -> tuple[Path | None, Conversation | None]:
    """Return the file and the messages of the conversation that the options continue or begin, or None twice.

    Args:
        options: ``--save``, ``-c`` and ``--conversation``.
        client: the client of the conversation.

    Raises:
        UsageError: there is no such conversation, or it cannot be read.
        InvalidArgumentError: a line of the file is not a message.
    """
    if not (options.resume or options.conversation or options.save):
        return None, None
    from .. import Conversation

    if options.resume and options.conversation:
        raise UsageError("-c: It is not accepted together with --conversation.")
    if options.resume:
        path = latest_conversation()
    elif options.conversation and not options.save:
        path = find_conversation(options.conversation)
    else:
        path = conversation_path(options.conversation) if options.conversation else new_conversation()
        if not path.exists():
            return path, Conversation(client)
    try:
        return path, Conversation.load(client, path)
    except OSError as error:
        raise UsageError(f"{path}: The conversation cannot be read: {error.strerror or error}.") from None


def list_conversations() -> list[Path]:
    """Return the paths of all conversations, by the time of their last change."""
    found: list[tuple[int, str, Path]] = []
    for path in conversations_folder().glob("[!.]*.jsonl"):
        with suppress(OSError):  # another process has removed it, or it is a link to nothing
            found.append((path.stat().st_mtime_ns, path.name, path))
    return [path for *_, path in sorted(found)]


def save_conversation(conversation: Conversation, path: Path, messages: Sequence[Any] = ()) -> None:
    """Write a conversation to its file, which only its owner can read.

    Args:
        conversation: the conversation.
        path: the file.
        messages: messages to add to the conversation before.

    Raises:
        CommandError: the file cannot be written, or a message in it is not accepted by requests.
    """
    from .. import InvalidArgumentError

    is_new = not path.exists()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))  # saving keeps the permissions
        try:
            conversation.extend(messages)
            conversation.save(path)
        except BaseException:
            if is_new:
                path.unlink(missing_ok=True)
            raise
    except (OSError, InvalidArgumentError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CommandError(f"The conversation cannot be saved to {path}: {reason}.") from None
