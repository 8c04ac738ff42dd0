"""The generator's promises: drift is seen and not repaired, and a new parameter reaches `create()` by itself.

Needs the generator and the type checkers, so the session `drift` runs it.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "openapi.yaml",
    "generator-config.yaml",
    "generator-templates",
    "generated",
    "wrapper",
    "scripts",
    "pyproject.toml",
)
USER_CODE = """
from opper_chat import Opper
completion = Opper(api_key="key").chat.completions.create(messages=[{"role": "user", "content": "x"}], invented=1)
reveal_type(completion)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what is generated and what it is generated from."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / part)
    return tmp_path


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=tree, capture_output=True, text=True, check=False)


def check(tree: Path) -> subprocess.CompletedProcess[str]:
    return run(tree, "scripts/generate.py", "--check")


def test_drift_is_seen_and_not_repaired(tree: Path) -> None:
    """An edited, an added, a deleted and an edited sync file, by name; and the tree as it was."""
    assert check(tree).returncode == 0
    models = tree / "generated" / "opper_chat_api" / "models"
    edited, added, deleted = models / "choice.py", models / "strange.py", models / "text_part.py"
    sync = tree / "wrapper" / "opper_chat" / "_client.py"
    edited.write_text(edited.read_text("utf-8") + "# edited\n", "utf-8")
    sync.write_text(sync.read_text("utf-8").replace("messages", "message"), "utf-8")
    added.write_text("", "utf-8")
    deleted.unlink()
    for _ in range(2):
        done = check(tree)
        assert done.returncode == 1
        assert "differs: generated/opper_chat_api/models/choice.py" in done.stderr
        assert "not made by the generator: generated/opper_chat_api/models/strange.py" in done.stderr
        assert "missing: generated/opper_chat_api/models/text_part.py" in done.stderr
        assert "differs: wrapper/opper_chat/_client.py" in done.stderr
    assert edited.read_text("utf-8").endswith("# edited\n")
    assert added.exists()
    assert not deleted.exists()


def test_an_invented_parameter_reaches_create(tree: Path) -> None:
    """Drift before, none after, and `create(invented=1)` passes the type checker and the checks, with no other edit."""
    contract = tree / "openapi.yaml"
    text = contract.read_text("utf-8")
    marker = "        parent_span_id:\n"
    assert text.count(marker) == 1
    invented = "        invented:\n          type: integer\n          description: Invented for a test.\n"
    contract.write_text(text.replace(marker, invented + marker), "utf-8")
    assert check(tree).returncode == 1
    user = tree / "user.py"
    user.write_text(USER_CODE, "utf-8")
    mypy = ("-m", "mypy", "--strict", "--config-file", "", "user.py")
    environment = {"MYPYPATH": f"{tree / 'wrapper'}:{tree / 'generated'}", "PATH": ""}

    def type_check() -> str:
        done = subprocess.run(
            [sys.executable, *mypy], cwd=tree, env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout

    assert 'Unexpected keyword argument "invented"' in type_check()
    assert run(tree, "scripts/generate.py").returncode == 0
    assert check(tree).returncode == 0
    assert "ChatCompletion" in type_check()
    assert "error" not in type_check()
    send = (
        "import sys; sys.path[:0] = ['wrapper', 'generated']\n"
        "from opper_chat._requests import prepare\n"
        "hello = [{'role': 'user', 'content': 'x'}]\n"
        "print(prepare({'messages': hello, 'invented': 1}).content.decode())\n"
        "try: prepare({'messages': hello, 'invented': 'one'})\n"
        "except ValueError as error: print(error)\n"
    )
    done = run(tree, "-c", send)
    assert '"invented":1' in done.stdout, done.stderr
    assert "invented: expected a whole number, got 'one'" in done.stdout
