"""The loop of ``opper-chat chat``: read a line, run the command that it is, or send it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ... import OpperError
from ...messages import user
from ..console import Console
from ..conversations import new_conversation, save_conversation
from ..errors import CommandError, did_you_mean
from ..exit_codes import ExitCode, exit_code
from ..output import check_completion, describe_usage
from ..paths import expand_user
from ..signals import TerminatedError
from .line_reader import LineReader
from .session import STOPPED, ChatSession

HELP = """\
/retry        remove the last completion, and send the message again
/undo         remove the last message and its completion
/model NAME   use another model; without NAME, show the model
/save [FILE]  save the conversation after each turn; with FILE, write it there once
/help         show this
/exit         end, as Ctrl-D does
Ctrl-C stops a completion. What arrived of it stays in the conversation.
To send a text that begins with /, write // instead."""
CHAT_COMMANDS = ("retry", "undo", "model", "save", "help", "exit")
SHOWN_CHARACTERS = 60
"""How much of a message is shown."""


class ChatLoop:
    """Works through the lines of a user.

    Args:
        console: the standard streams.
        session: the conversation.
        path: the file to which it is saved after each turn, or None.
        shows_usage: whether tokens and cost are noted after each turn.
    """

    def __init__(self, console: Console, session: ChatSession, path: Path | None, *, shows_usage: bool) -> None:
        self._console = console
        self._session = session
        self._path = path
        self._shows_usage = shows_usage
        self._is_interactive = console.stdin_is_terminal

    def run(self) -> int:
        """Read lines until the end of the input, and return the exit code.

        In a terminal, errors are shown, and the conversation goes on.

        Raises:
            OpperError: a turn failed, and stdin is no terminal.
            KeyboardInterrupt: the same, for Ctrl-C.
            TerminatedError: a signal ends the process.
        """
        reader = LineReader(self._console)
        if self._is_interactive:
            self._console.note("/help lists the commands, and Ctrl-D ends.")
        while True:
            try:
                line = reader.read()
                if line is None or line.strip() == "/exit":
                    return ExitCode.OK
                self._handle(line.strip())
            except KeyboardInterrupt as interrupt:
                if not self._is_interactive or isinstance(interrupt, TerminatedError):
                    raise
                self._console.note("\nCtrl-D ends.")
            except (OpperError, CommandError) as error:
                if not self._is_interactive or exit_code(error) is ExitCode.CLOSED_PIPE:
                    raise
                self._console.error(str(error))

    def _handle(self, line: str) -> None:
        if line.startswith("/") and not line.startswith("//"):
            name, _, rest = line[1:].partition(" ")
            self._run_command(name, rest.strip())
        elif line:
            self._send(user(line.removeprefix("/") if line.startswith("//") else line))

    def _run_command(self, name: str, rest: str) -> None:
        match name:
            case "retry":
                self._retry()
            case "undo":
                self._undo()
            case "model":
                self._model(rest)
            case "save":
                self._save(rest)
            case "help":
                self._console.note(HELP)
            case _:
                near = did_you_mean(name, CHAT_COMMANDS)
                self._console.note(f"There is no command /{name}. {near}/help lists the commands.")

    def _send(self, message: Any) -> None:
        started = time.monotonic()
        try:
            completion = self._session.send(message)
        except TerminatedError:
            self._save_turn()
            raise
        except OpperError as error:
            if not self._is_interactive:
                raise
            self._console.error(f"{error}\nThe conversation is as it was before. /retry sends the message again.")
            return
        self._save_turn()
        if completion is None:
            if not self._is_interactive:
                raise KeyboardInterrupt
            self._console.note(STOPPED)
            return
        check_completion(self._console, completion, shows_calls=False)
        if self._shows_usage:
            usage = None if completion.usage is None else completion.usage.to_dict()
            self._console.note(describe_usage([completion], usage, time.monotonic() - started))

    def _save_turn(self) -> None:
        if self._path is not None:
            save_conversation(self._session.conversation, self._path)

    def _retry(self) -> None:
        message = self._session.undo()
        if message is None:
            self._console.note("There is no message to send again.")
        else:
            self._send(message)

    def _undo(self) -> None:
        message = self._session.undo()
        if message is None:
            self._console.note("There is no turn to remove.")
            return
        text = str(message["content"])
        shown = text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
        self._console.note(f"Removed: {shown}")
        self._save_turn()

    def _model(self, rest: str) -> None:
        if rest:
            self._session.arguments["model"] = rest
        self._console.note(f"Model: {self._session.arguments.get('model', 'the default of the server')}")

    def _save(self, rest: str) -> None:
        if rest:
            path = expand_user(rest)
            save_conversation(self._session.conversation, path)
            self._console.note(f"Saved to {path}.")
            return
        if self._path is None:
            self._path = new_conversation()
        save_conversation(self._session.conversation, self._path)
        self._console.note(f"Saved. To continue: opper-chat chat --conversation {self._path.stem}")
