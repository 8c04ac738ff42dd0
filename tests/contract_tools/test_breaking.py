"""What breaks users: verdicts on edits of the contract and of the Python surface, and the CHANGELOG entries they need.

The edits are made to the contract of this repository, and to copies of its packages.
"""

import copy
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.contract import breaking, contract_changes, python_changes
from scripts.contract.changes import Change, changes_without_entry, format_report, new_entries, semver_word
from scripts.contract.document import CONTRACT, ROOT, load_document

Document = dict[str, Any]


@pytest.fixture(scope="module")
def modules() -> Path:
    return contract_changes.install(ROOT / ".nox" / "api-smart-diff")


@pytest.fixture(scope="module")
def contract() -> Document:
    """The contract, with the two enums that are edited open, as all are."""
    document = load_document(CONTRACT)
    for name in ("ReasoningEffort", "FinishReason"):
        words = {"type": "string", "enum": enum(document, name)}
        document["components"]["schemas"][name] = {"description": "Words.", "anyOf": [words, {"type": "string"}]}
    return document


def schema(document: Document, name: str) -> Document:
    found: Document = document["components"]["schemas"][name]
    return found


def properties(document: Document, name: str) -> Document:
    found: Document = schema(document, name)["properties"]
    return found


def enum(document: Document, name: str) -> list[str]:
    found = schema(document, name)
    arms = [found, *found.get("anyOf", ())]
    words: list[str] = next(arm["enum"] for arm in arms if "enum" in arm)
    return words


def operation(document: Document) -> Document:
    found: Document = document["paths"]["/chat/completions"]["post"]
    return found


def described(**keywords: Any) -> Document:
    return {"description": "Made for a test.", **keywords}


Edit = Callable[[Document], object]
TEN: dict[str, tuple[Edit, str | None]] = {
    "nothing": (lambda d: None, None),
    "parameter removed": (lambda d: properties(d, "ChatCompletionRequest").pop("seed"), "breaking"),
    "type changed": (
        lambda d: properties(d, "ChatCompletionRequest")["seed"].update(type=["string", "null"]),
        "breaking",
    ),
    "enum value removed": (lambda d: enum(d, "ReasoningEffort").remove("minimal"), "breaking"),
    "made required": (lambda d: schema(d, "ChatCompletionRequest")["required"].append("model"), "breaking"),
    "reply property removed": (lambda d: properties(d, "ChatCompletion").pop("usage"), "breaking"),
    "new optional parameter": (
        lambda d: properties(d, "ChatCompletionRequest").update(invented=described(type="string")),
        "safe",
    ),
    "reply enum gains a value": (lambda d: enum(d, "FinishReason").append("other"), "safe"),
    "reply property no longer required": (
        lambda d: schema(d, "CompletionUsage")["required"].remove("total_tokens"),
        "breaking",
    ),
    "only a description": (
        lambda d: properties(d, "ChatCompletionRequest")["seed"].update(description="Another."),
        "documentation",
    ),
}
MORE: dict[str, tuple[Edit, str | None]] = {
    "closed reply enum gains a value": (
        lambda d: schema(d, "FinishReason")["anyOf"].pop() and enum(d, "FinishReason").append("other"),
        "breaking",
    ),
    "reply property may be null": (
        lambda d: properties(d, "CompletionUsage")["total_tokens"].update(type=["integer", "null"]),
        "breaking",
    ),
    "parameter may no longer be null": (
        lambda d: properties(d, "ChatCompletionRequest")["seed"].update(type="integer"),
        "breaking",
    ),
    "new reply property": (
        lambda d: properties(d, "ChatCompletion").update(invented=described(type="string")),
        "safe",
    ),
    "narrower bound": (lambda d: properties(d, "ChatCompletionRequest")["top_p"].update(maximum=0.5), "breaking"),
    "parameter with a closed list of values": (
        lambda d: properties(d, "ChatCompletionRequest")["user"].update(enum=["one"]),
        "breaking",
    ),
    "request without other properties": (
        lambda d: schema(d, "ChatCompletionRequest").update(additionalProperties=False),
        "breaking",
    ),
    "wider bound": (lambda d: properties(d, "ChatCompletionRequest")["top_p"].update(maximum=2), "safe"),
    "another default": (lambda d: properties(d, "ChatCompletionRequest")["stream"].update(default=True), "breaking"),
    "kind of part renamed": (lambda d: properties(d, "TextPart")["type"].update(const="texts"), "breaking"),
    "kind of message removed": (lambda d: schema(d, "ChatMessage")["oneOf"].pop(0), "breaking"),
    "deprecated": (lambda d: properties(d, "ChatCompletionRequest")["seed"].update(deprecated=True), "safe"),
    "operation renamed": (lambda d: operation(d).update(operationId="complete"), "breaking"),
    "operation removed": (lambda d: d["paths"].pop("/chat/completions"), "breaking"),
    "operation added": (
        lambda d: d["paths"].update({"/models": {"get": {"operationId": "listModels", "responses": {}}}}),
        "safe",
    ),
    "required header added": (
        lambda d: operation(d).update(
            parameters=[{"name": "X-Name", "in": "header", "required": True, "schema": {"type": "string"}}]
        ),
        "breaking",
    ),
    "read as null when absent": (
        lambda d: properties(d, "UrlCitation")["title"].update({"x-when-absent": None}),
        "breaking",
    ),
    "required, and read as it was": (
        lambda d: (
            properties(d, "CompletionUsage")["completion_tokens_details"].update({"x-when-absent": None}),
            schema(d, "CompletionUsage")["required"].append("completion_tokens_details"),
        ),
        None,
    ),
    "version of the contract": (lambda d: d["info"].update(version="9.9.9"), "documentation"),
    "source of a property": (
        lambda d: properties(d, "ChatCompletionRequest")["seed"].update({"x-source": "invented"}),
        "documentation",
    ),
}


def edited(document: Document, edit: Edit) -> Document:
    after = copy.deepcopy(document)
    edit(after)
    return after


@pytest.mark.parametrize("name", [*TEN, *MORE])
def test_verdict(name: str, contract: Document, modules: Path) -> None:
    """Each edit has one verdict, and is reported once, at its component."""
    edit, expected = {**TEN, **MORE}[name]
    changes = contract_changes.find_changes(contract, edited(contract, edit), modules)
    severities = [change.severity for change in changes]
    if name in ("closed reply enum gains a value", "read as null when absent"):
        assert "breaking" in severities
    else:
        assert severities == ([expected] if expected else [])


def test_null_for_what_may_be_absent(contract: Document, modules: Path) -> None:
    """Models have None for a property that is absent, so that null in its place breaks nobody."""
    before = edited(contract, lambda d: properties(d, "ChatCompletion").update(new=described(type="string")))
    after = edited(before, lambda d: properties(d, "ChatCompletion")["new"].update(type=["string", "null"]))
    (change,) = contract_changes.find_changes(before, after, modules)
    assert change.severity == "safe"
    listed = described(type="array", items={"type": "string"})
    before = edited(contract, lambda d: properties(d, "ChatCompletion").update(new=listed))
    after = edited(before, lambda d: properties(d, "ChatCompletion")["new"]["items"].update(type=["string", "null"]))
    (change,) = contract_changes.find_changes(before, after, modules)
    assert change.severity == "breaking"


def test_place_names_the_component_and_property(contract: Document, modules: Path) -> None:
    """A component that is used in many places is reported once, by its own name."""
    edit: Edit = lambda d: properties(d, "TextPart")["text"].update(type="integer")  # noqa: E731
    (change,) = contract_changes.find_changes(contract, edited(contract, edit), modules)
    assert change == Change("breaking", "TextPart.text", 'type: "string" is now "integer"', ("TextPart.text", "text"))


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """Two copies of the packages: one to leave as it is, one to edit."""
    for name in ("before", "after"):
        for folder in python_changes.FOLDERS:
            shutil.copytree(ROOT / folder, tmp_path / name / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "before", tmp_path / "after"


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_changes_of_the_python_surface(trees: tuple[Path, Path]) -> None:
    """What users can name is compared; what only the package names is not."""
    before, after = trees
    package = after / "wrapper" / "opper_chat"
    assert python_changes.find_changes(before, after) == []
    replace(package / "messages.py", "def system(", "def system_message(")
    replace(package / "messages.py", '    "system",\n', '    "system_message",\n')
    replace(package / "_sync" / "completions.py", "def run_tools(", "def loop_tools(")
    replace(package / "_json" / "codec.py", "def is_mapping(", "def is_dict(")
    replace(package / "_call" / "retries.py", '"""', '"""Other. ')
    replace(package / "_sync" / "client.py", "def close(self)", "def close(self, wait: bool)")
    # Users make no streams, because they have no requester.
    replace(package / "_sync" / "stream.py", "requester: Requester", "caller: Requester")
    found = {(change.severity, change.place): change for change in python_changes.find_changes(before, after)}
    assert set(found) == {
        ("breaking", "opper_chat.messages.system"),
        ("safe", "opper_chat.messages.system_message"),
        ("breaking", "Completions.run_tools"),
        ("safe", "Completions.loop_tools"),
        ("breaking", "opper_chat.Opper.close"),
    }
    assert "wait" in found["breaking", "opper_chat.Opper.close"].description
    assert "Opper.close" in found["breaking", "opper_chat.Opper.close"].names


REMOVED = Change("breaking", "ChatCompletionRequest.seed", "removed", ("ChatCompletionRequest.seed", "seed"))
ADDED = Change("safe", "ChatCompletionRequest.more", "added", ("more",))
WORDS = Change("documentation", "ChatCompletionRequest.more", "description: changed", ("more",))


@pytest.mark.parametrize(
    ("changes", "version", "word"),
    [
        ([REMOVED, ADDED], "1.2.0", "major"),
        ([REMOVED, ADDED], "0.9.0", "minor"),
        ([ADDED, WORDS], "1.2.0", "minor"),
        ([WORDS], "0.9.0", "patch"),
        ([], "1.2.0", "none"),
    ],
)
def test_semver_word(changes: list[Change], version: str, word: str) -> None:
    """The worst change decides, and before 1.0 a breaking one raises the minor version."""
    assert semver_word(changes, version) == word


@pytest.mark.parametrize(
    ("entry", "covers"),
    [
        ("- **Breaking:** `seed` is gone, as the\n  vendor ignores it.", True),
        ("- **Breaking:** a parameter is\n  gone: `ChatCompletionRequest.seed`.", True),
        ("- `seed` is gone.", False),
        ("- **Breaking:** `n` is gone.", False),
        ("- **Breaking:** seed is gone.", False),
    ],
)
def test_changelog_entry(entry: str, covers: bool) -> None:
    """An entry begins with the word and names the place in backticks."""
    before = "# Changelog\n\n## 1.0\n\n- **Breaking:** `old` is gone.\n"
    after = before.replace("## 1.0", f"## Unreleased\n\n{entry}\n\n## 1.0")
    entries = new_entries(before, after)
    assert len(entries) == 1
    assert changes_without_entry([REMOVED, ADDED], entries) == ([] if covers else [REMOVED])


def test_an_entry_of_an_earlier_version_does_not_count() -> None:
    """Only bullets that the earlier CHANGELOG does not have are about the changes since."""
    text = "- **Breaking:** `seed` is gone.\n"
    assert changes_without_entry([REMOVED], new_entries(text, text)) == [REMOVED]


def test_report_has_the_breaking_changes_first() -> None:
    """The worst severity comes first, with its count."""
    assert format_report([WORDS, ADDED, REMOVED]).splitlines()[:2] == [
        "breaking (1)",
        "  ChatCompletionRequest.seed: removed",
    ]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with one commit, of the parts of this one that are compared."""
    root = tmp_path / "repository"
    for part in breaking.PARTS:
        copied = root / part
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, copied, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / part, copied)
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "-q", "-m", "All")
    return root


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *arguments], check=True)


def test_a_breaking_change_needs_an_entry(repository: Path, modules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the entry the exit status is 1 and the message says what to write; with it, 0."""
    git(repository, "tag", "v0.1.0")
    assert breaking.last_tag(repository) == "v0.1.0"
    assert breaking.compare(repository, "v0.1.0", modules.parent) == 0
    assert "semver: none" in capsys.readouterr().out
    replace(repository / "openapi.yaml", "        prompt_cache_key:\n", "        prompt_cache_name:\n")
    assert breaking.compare(repository, "v0.1.0", modules.parent) == 1
    output = capsys.readouterr()
    assert "ChatCompletionRequest.prompt_cache_key: removed" in output.out
    assert "ChatCompletionRequest.prompt_cache_name: added" in output.out
    assert "- **Breaking:** `ChatCompletionRequest.prompt_cache_key` ..." in output.err
    entry = "## Unreleased\n\n- **Breaking:** `prompt_cache_key` is called `prompt_cache_name`.\n"
    replace(repository / "CHANGELOG.md", "## Unreleased\n", entry)
    assert breaking.compare(repository, "v0.1.0", modules.parent) == 0
    assert "semver: minor" in capsys.readouterr().out


def test_nothing_to_compare_with(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a tag, or with a commit that is not there, the message says what to give, and the exit status is 2."""
    git(repository, "mv", "openapi.yaml", "contract.yaml")
    git(repository, "-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "-q", "-m", "Rename")
    for arguments, message in (
        (["HEAD"], "HEAD cannot be compared with: it has no openapi.yaml"),
        ([], "There is no tag, so there is no version to compare with. Give a commit"),
        (["no-such-tag"], "no-such-tag cannot be compared with"),
    ):
        monkeypatch.setattr("sys.argv", ["breaking", "--root", str(repository), *arguments])
        assert breaking.main() == 2
        assert message in capsys.readouterr().err
