"""The programs of the cookbook, run as their readers run them, against a local server."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cookbook_programs import RECIPES, program_environment, run_program
from endless_stream import EndlessStream
from opper_chat.testing import LocalServer, ReceivedRequest, Reply
from terminals import Terminal

PROMPTLY = 5.0
"""Seconds within which a stream is closed after its reader has left."""


@pytest.fixture
def terminal(server: LocalServer) -> Iterator[Terminal]:
    program = [sys.executable, "-W", "error", str(RECIPES / "terminal_chat.py")]
    running = Terminal(program, program_environment(server))
    yield running
    running.close()


def test_a_chat_that_is_stopped(server: LocalServer, terminal: Terminal) -> None:
    """Ctrl-C stops the completion, the model and not the chat. The next turn knows the turns that were complete."""
    stream = EndlessStream()
    server.reply(Reply.completion("One.\x1b[2J"), stream.reply(), Reply.completion("Three.", finish_reason="length"))
    terminal.wait_for("> ")
    terminal.type("First?\r")
    assert "One.[2J\r\n" in terminal.wait_for("\n> ")  # without the escape character
    terminal.type("Second?\r")
    terminal.wait_for("token3")
    assert not stream.closed.is_set()
    terminal.type("\x03")
    assert "(stopped" in terminal.wait_for("\n> ")
    assert stream.closed.wait(PROMPTLY)
    terminal.type("\r")
    terminal.wait_for("> ")
    terminal.type("Third?\r")
    assert "Three.\r\n(ended early: length)\r\n" in terminal.wait_for("\n> ")
    assert [message["content"] for message in server.last_request.messages] == [
        "Be brief.", "First?", "One.\x1b[2J", "Third?"
    ]  # fmt: skip
    terminal.type("\x04")
    assert terminal.end() == 0


def test_a_chat_that_fails_and_is_left(server: LocalServer, terminal: Terminal) -> None:
    """An error is printed, and the chat goes on. Ctrl-C at the prompt ends it without a traceback."""
    server.reply(Reply.json({"message": "No."}, status=400))
    terminal.wait_for("> ")
    terminal.type("First?\r")
    assert "(failed: 400: No." in terminal.wait_for("\n> ")
    for _ in range(5):  # CPython's readline misses a signal between the prompt and its wait for a key
        terminal.type("\x03")
        with suppress(subprocess.TimeoutExpired):
            assert terminal.process.wait(3) == 0
            break
    assert terminal.end() == 0
    assert "Traceback" not in terminal.shown


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    (tmp_path / "notes").mkdir()
    for name in ("shopping", "diary"):
        (tmp_path / "notes" / f"{name}.txt").write_text(f"The old {name}.")
    return tmp_path / "notes"


def calls(*names_and_arguments: tuple[str, dict[str, Any]]) -> Reply:
    return Reply.completion(tool_calls=names_and_arguments)


def test_an_agent_with_approval(server: LocalServer, notes: Path) -> None:
    """It reads without asking, writes what is approved, and hears why not of the rest."""
    server.reply(
        calls(("list_notes", {}), ("read_note", {"name": "shopping"})),
        calls(("write_note", {"name": "shopping", "text": "Milk.\x1b[2J"}), ("delete_note", {"name": "diary"})),
        Reply.completion("It is written."),
    )
    done = run_program(server, "agent_with_approval.py", notes, "Tidy up.", stdin="yes\nI need it.\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert (notes / "shopping.txt").read_text() == "Milk.\x1b[2J"
    assert (notes / "diary.txt").read_text() == "The old diary."
    assert "call write_note" in done.stdout
    assert "call read_note" not in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stdout.endswith("It is written.\n- list_notes succeeded\n- read_note succeeded\n"
                                "- write_note succeeded\n- delete_note denied\n")  # fmt: skip
    results = [message["content"] for message in server.last_request.messages if message["role"] == "tool"]
    assert results[0] == '["diary","shopping"]'
    assert "I need it." in results[3]


def test_an_agent_without_approval(server: LocalServer, notes: Path) -> None:
    """Nothing but `yes` is an approval, and nothing changes if there is nobody to ask."""
    answers = ["", "no", "Yes, but not that one."]
    server.reply(calls(*[("delete_note", {"name": "diary"})] * (len(answers) + 1)), Reply.completion("All right."))
    done = run_program(server, "agent_with_approval.py", notes, "Tidy up.", stdin="".join(f"{a}\n" for a in answers))
    assert (done.returncode, done.stderr) == (0, "")
    assert (notes / "diary.txt").exists()
    assert done.stdout.count("- delete_note denied\n") == len(answers) + 1
    reasons = [message["content"] for message in server.last_request.messages[-4:]]
    assert [reason.partition("denied.")[2].strip() for reason in reasons] == [
        "", "no", "Yes, but not that one.", "There is no user who could approve it."
    ]  # fmt: skip


def test_an_agent_stays_in_its_folder(server: LocalServer, notes: Path) -> None:
    """A name that leads out of the folder is an error that the model reads, approved or not."""
    (notes.parent / "secret.txt").write_text("secret")
    (notes / "link.txt").symlink_to(notes.parent / "secret.txt")
    names = ["../secret", str(notes.parent / "secret"), "link", ""]
    server.reply(calls(*(("read_note", {"name": name}) for name in names)), Reply.completion("No."))
    done = run_program(server, "agent_with_approval.py", notes, "Read it.")
    assert done.stdout.count("- read_note failed") == len(names)
    assert "secret" not in "".join(str(message["content"]) for message in server.last_request.messages[3:]).replace(
        "../secret", ""
    ).replace(str(notes.parent / "secret"), "")


def write_documents(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:03}.txt").write_text(
            f"Invoice {number} of Ann & Co, 2026-01-31: a chair, 10.50. A lamp, 4.25."
        )


def find_invoice(request: ReceivedRequest) -> Reply:
    """Reply as a model that is wrong about some documents: once about 7 and always about 8. 9 is refused."""
    text = request.messages[1]["content"]
    number = int(text.split()[1])
    if number == 9:
        return Reply.json({"error": {"message": "The document is not allowed."}}, status=400)
    is_second_try = len(request.messages) > 2
    total = "15.00" if number == 8 or (number == 7 and not is_second_try) else "14.75"
    items = [{"description": "a chair", "amount": "10.50"}, {"description": "a lamp", "amount": "4.25"}]
    invoice = {"number": str(number), "seller": "Ann & Co", "issued": "2026-01-31", "items": items, "total": total}
    return Reply.completion(json.dumps(invoice))


def test_extraction_from_500_documents(server: LocalServer, tmp_path: Path) -> None:
    """Each is in the table or in the errors file, once, with what was wrong. The next run sends only what is new."""
    server.always(find_invoice)
    write_documents(tmp_path / "documents", 500)
    output = tmp_path / "invoices.jsonl"
    done = run_program(server, "extract_invoices.py", tmp_path / "documents", output)
    assert (done.returncode, done.stderr) == (1, "")
    first, _, *failed = done.stdout.splitlines()
    assert first == "498 extracted, 2 failed, 0 done before"
    assert len(failed) == 2
    misfit, refused = sorted(failed)
    assert misfit.startswith("008.txt: ")
    assert "the items add up to 14.75, not to the total of 15.00" in misfit
    assert refused.startswith("009.txt: 400: The document is not allowed.")
    assert len(server.requests) == 500 + 2  # the second tries of 7 and 8
    with (tmp_path / "invoices.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [f"{number:03}.txt" for number in range(500) if number not in (8, 9)]
    assert rows[-1] == {
        "file": "499.txt", "number": "499", "seller": "Ann & Co", "issued": "2026-01-31", "items": "2", "total": "14.75"
    }  # fmt: skip

    (tmp_path / "documents" / "500.txt").write_text("Invoice 500 of Ann & Co.")
    again = run_program(server, "extract_invoices.py", tmp_path / "documents", output)
    assert again.stdout.splitlines()[0] == "1 extracted, 0 failed, 500 done before"
    assert len(server.requests) == 503


def test_the_tests_of_an_application() -> None:
    """They pass, in a process of their own, where nothing but the package is set up."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("OPPER_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "opper_chat.testing.plugin"],
        cwd=RECIPES / "tested_app",
        env={**variables, "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b6 passed", done.stdout)
