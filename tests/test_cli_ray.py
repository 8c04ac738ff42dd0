"""``opper-chat batch --ray`` without Ray: what is refused before anything is sent."""

import sys
from pathlib import Path

import pytest
from batch_runs import Runner, rows
from command_runs import Command
from opper_chat.testing import LocalServer


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dedupe"], "--dedupe: It cannot be used with --ray."),
        (["--retry-errors"], "--retry-errors: It cannot be used with --ray."),
        (["--shard", "1/2"], "--shard: It cannot be used with --ray."),
        (["--dry-run"], "--dry-run: It cannot be used with --ray."),
        (["--actors", "0"], "actors: expected an integer above 0"),
        (["--rows-per-file", "0"], "rows_per_file: expected an integer above 0"),
        (["--max-cost", "much"], "max_cost: expected an amount"),
        (["--template", "{text}", "--concurrency", "0"], "concurrency"),
        ([], "pip install 'opper-chat[ray]'"),
    ],
)
def test_mistakes_are_refused(
    options: list[str], message: str, server: LocalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With exit code 2. The last one is that Ray is not installed."""
    monkeypatch.setitem(sys.modules, "ray", None)  # such an import is an ImportError
    command = Command(server, monkeypatch, tmp_path)
    name = str(Runner("sync", tmp_path, server.base_url).input(rows(3)))
    code, stdout, stderr = command("batch", name, "-o", str(tmp_path / "out"), "--ray", *options)
    assert (code, stdout) == (2, ""), stderr
    assert message in stderr
    assert not server.requests
    assert not (tmp_path / "out").exists()


def test_inputs_and_keys_that_workers_cannot_find_are_refused(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Stdin, and a key that only this machine has. The options of clusters need a cluster."""
    command = Command(server, monkeypatch, tmp_path)
    assert "all machines can read" in command("batch", "-", "-o", "out", "--ray").stderr
    name = str(Runner("sync", tmp_path, server.base_url).input(rows(3)))
    assert "--actors: It needs --ray." in command("batch", name, "-o", "out.jsonl", "--actors", "3").stderr
    monkeypatch.delenv("OPPER_API_KEY")
    (tmp_path / "config.toml").write_text('key_command = "echo key"\n')
    code, _, stderr = command("batch", name, "-o", str(tmp_path / "out"), "--ray")
    assert code == 2
    assert "key_command" in stderr
    assert "--key-file" in stderr
