"""Replacing what was generated: all of it or nothing, whatever interrupts it; and drift that is shown."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from generation import output
from generator_tree import ROOT, Tree

FOLDERS = [Path("package"), Path("schema.json")]
REPLACE_FOR_EVER = """
import sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from generation.output import replace_files
root, folders = Path(sys.argv[2]), [Path("package"), Path("schema.json")]
print("ready", flush=True)
while True:
    for made in ("one", "two"):
        replace_files(root / made, root / "tree", folders)
"""


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")


def read(root: Path) -> dict[str, str]:
    found = (path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(root)): path.read_text("utf-8") for path in found}


@pytest.fixture
def made(tmp_path: Path) -> Path:
    write(tmp_path / "made", {"package/a.py": "a2", "package/new/b.py": "b", "package/c.py": "c", "schema.json": "2"})
    return tmp_path / "made"


@pytest.fixture
def there(tmp_path: Path) -> Path:
    files = {"package/a.py": "a1", "package/old/d.py": "d", "package/c.py": "c", "schema.json": "1", "mine.py": "m"}
    write(tmp_path / "there", files | {"package/old/__pycache__/d.pyc": "compiled"})
    return tmp_path / "there"


def test_what_changed_is_replaced(made: Path, there: Path) -> None:
    """New files, changed files, and files and folders that go; the others are not touched."""
    untouched = (there / "package/c.py").stat()
    done = output.replace_files(made, there, FOLDERS)
    assert sorted(map(str, done)) == ["package/a.py", "package/new/b.py", "package/old/d.py", "schema.json"]
    assert read(there) == read(made) | {"mine.py": "m"}
    assert not (there / "package/old").exists()
    assert (there / "package/c.py").stat() == untouched
    assert output.replace_files(made, there, FOLDERS) == []


@pytest.mark.parametrize("step", ["replace", "unlink", "write_bytes"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_error_puts_everything_back(
    made: Path, there: Path, step: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk at the second file, at the first file that goes, and while new files are written beside the old."""
    before = read(there)
    calls = 0
    owner = os if step == "replace" else Path
    real = getattr(owner, step)

    def fail(*arguments: object, **keywords: object) -> object:
        nonlocal calls
        calls += 1
        if calls == (1 if step == "unlink" else 2):
            raise error
        return real(*arguments, **keywords)

    monkeypatch.setattr(owner, step, fail)
    with pytest.raises(type(error)):
        output.replace_files(made, there, FOLDERS)
    monkeypatch.undo()
    assert read(there) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_waits_until_all_is_replaced(tmp_path: Path, number: signal.Signals) -> None:
    """Twelve processes that replace two versions for ever: after each ends, the tree is one version or the other."""
    for name in ("one", "two", "tree"):
        write(tmp_path / name, {f"package/{index}.py": name for index in range(40)} | {"schema.json": name})
    write(tmp_path / "tree", {f"package/{index}.py": "one" for index in range(40)} | {"schema.json": "one"})
    versions = [{"one"}, {"two"}]
    for index in range(12):
        command = [sys.executable, "-c", REPLACE_FOR_EVER, str(ROOT / "scripts"), str(tmp_path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.01 + index / 1000)
        process.send_signal(number)
        process.wait(10)
        process.stdout.close()
        assert set(read(tmp_path / "tree").values()) in versions
        assert len(read(tmp_path / "tree")) == 41


def test_a_kill_leaves_whole_files(tmp_path: Path) -> None:
    """Killed at any point, no file is missing or half-written, and the next run makes all of them new."""
    for name in ("one", "two", "tree"):
        files = {f"package/{index}.py": ("one" if name == "tree" else name) * 20_000 for index in range(40)}
        write(tmp_path / name, files | {"schema.json": "one"})
    for index in range(12):
        command = [sys.executable, "-c", REPLACE_FOR_EVER, str(ROOT / "scripts"), str(tmp_path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.01 + index / 1000)
        process.kill()
        process.wait(10)
        process.stdout.close()
        found = {name: text for name, text in read(tmp_path / "tree").items() if not name.endswith(output.ENDING)}
        assert len(found) == 41
        assert set(found.values()) <= {"one", "one" * 20_000, "two" * 20_000}
    output.replace_files(tmp_path / "two", tmp_path / "tree", FOLDERS)
    assert read(tmp_path / "tree") == read(tmp_path / "two")


def test_drift_is_shown_and_not_repaired(tree: Tree) -> None:
    """What differs as a diff of bounded length, what is missing and what is not generated; and the tree as it was."""
    assert tree.check().returncode == 0
    models = tree / "generated" / "opper_chat_api" / "models"
    edited, added, deleted = models / "choice.py", models / "strange.py", models / "text_part.py"
    synced = [tree / "wrapper" / "opper_chat" / name for name in ("_sync/client.py", "_sync/stream.py")]
    for path in (edited, *synced):
        path.write_text(path.read_text("utf-8") + "# edited\n", "utf-8")
    synced[0].write_text("# edited\n" * 500, "utf-8")
    added.write_text("", "utf-8")
    deleted.unlink()
    before = tree.files()
    done = tree.check()
    assert done.returncode == 1
    assert "not made by the generator: generated/opper_chat_api/models/strange.py" in done.stderr
    assert "missing: generated/opper_chat_api/models/text_part.py" in done.stderr
    for path in (edited, *synced):
        assert f"differs: {path.relative_to(tree.path)}" in done.stderr
    assert "  --- generated/opper_chat_api/models/choice.py (as it is)" in done.stderr
    assert "  -# edited\n" in done.stderr
    assert "more lines" in done.stderr
    assert len(done.stderr.splitlines()) < 150
    assert tree.files() == before
