"""An agent that works on the notes in a folder, and asks before it changes one.

`python agent_with_approval.py FOLDER REQUEST`. It needs `OPPER_API_KEY`.
"""

import json
import os
import sys
from pathlib import Path

from opper_chat import Opper, OpperError, ToolCall, ToolContext, ToolError, ToolRun, tool

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")

READ_ONLY = {"list_notes", "read_note"}
"""The tools that run without approval. Every other tool needs one, also a tool that you add later."""


def note_path(folder: Path, name: str) -> Path:
    """Return the path of a note, which must be directly in the folder."""
    path = folder / f"{name}.txt"
    if not name or path.resolve().parent != folder.resolve():
        raise ToolError(f"{name!r} is not the name of a note")
    return path


@tool
def list_notes(folder: ToolContext[Path]) -> list[str]:
    """List the names of all notes."""
    return sorted(path.stem for path in folder.context.glob("*.txt"))


@tool
def read_note(name: str, folder: ToolContext[Path]) -> str:
    """Return the text of a note."""
    try:
        return note_path(folder.context, name).read_text("utf-8")
    except FileNotFoundError:
        raise ToolError(f"there is no note {name!r}") from None


@tool
def write_note(name: str, text: str, folder: ToolContext[Path]) -> None:
    """Create or replace a note."""
    note_path(folder.context, name).write_text(text, "utf-8")


@tool
def delete_note(name: str, folder: ToolContext[Path]) -> None:
    """Delete a note."""
    try:
        note_path(folder.context, name).unlink()
    except FileNotFoundError:
        raise ToolError(f"there is no note {name!r}") from None


def approve(call: ToolCall) -> bool | str:
    """Ask the user whether a call may run. A text is the reason of a denial, which the model reads."""
    if call.name in READ_ONLY:
        return True
    print(f"The model wants to call {call.name}:")
    print(json.dumps(call.parsed, indent=2))  # as ASCII, so that nothing in it is hidden
    try:
        answer = input("Type yes to approve, or why not: ").strip()
    except EOFError:
        return "There is no user who could approve it."
    return answer == "yes" or answer


def run_agent(client: Opper, folder: Path, request: str) -> ToolRun[None]:
    """Let the model work until it is done."""
    return client.chat.completions.run_tools(
        model=MODEL,
        messages=[
            {"role": "system", "content": "You keep the user's notes. If the user denies a call, do not repeat it."},
            {"role": "user", "content": request},
        ],
        tools=[list_notes, read_note, write_note, delete_note],
        context=folder,
        before_call=approve,
        max_turns=20,
        max_total_tokens=100_000,
    )


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: python agent_with_approval.py FOLDER REQUEST", file=sys.stderr)
        return 2
    with Opper() as client:
        try:
            run = run_agent(client, Path(sys.argv[1]), sys.argv[2])
        except OpperError as error:
            print(f"The agent stopped: {error}", file=sys.stderr)
            return 1
    print(run.text)
    for execution in run.calls:
        print(f"- {execution.call.name} {execution.outcome}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
