"""The Celery task of the cookbook, run by a worker of Celery. The broker and the result backend are folders."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cookbook_programs import RECIPES, program_environment
from opper_chat import BadRequestError
from opper_chat.testing import LocalServer, ReceivedRequest, Reply

SECONDS = 60
"""Within which a task ends."""

SETTINGS = """
import celery_tasks
from celery_tasks import app

celery_tasks.RETRY_SECONDS = 0.1
app.conf.broker_transport_options = {
    "data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control",
}
"""


class Worker:
    """A worker with one process that runs tasks, and the task, for the test to call."""

    def __init__(self, model: LocalServer, folder: Path, summarize: Any) -> None:
        self.summarize = summarize
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "settings", "worker", "--concurrency=1", "--loglevel=INFO"],
                cwd=folder, stdout=log, stderr=log,
                env=program_environment(model, PYTHONPATH=os.pathsep.join([str(folder), str(RECIPES)])),
            )  # fmt: skip

    def log(self) -> str:
        return self._log.read_text()

    def wait_until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def kill_child(self) -> None:
        """Kill the process that runs tasks, as the system does when memory is short."""
        pid = self._process.pid
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(int(child), signal.SIGKILL)

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def worker(server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    for folder in ("queue", "results", "control"):
        (tmp_path / folder).mkdir()
    (tmp_path / "settings.py").write_text(SETTINGS)
    monkeypatch.setenv("CELERY_BROKER_URL", "filesystem://")
    monkeypatch.setenv("CELERY_RESULT_BACKEND", f"file://{tmp_path / 'results'}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(RECIPES))
    monkeypatch.syspath_prepend(str(tmp_path))
    import settings  # pyright: ignore[reportMissingImports]

    running = Worker(server, tmp_path, settings.celery_tasks.summarize)
    yield running
    running.close()
    assert "local-key" not in running.log()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"local-key" in path.read_bytes()]


def test_the_task(server: LocalServer, worker: Worker) -> None:
    """Results, a failure that is not retried, one that is, and a task whose process is killed."""
    replies = {"busy": [Reply.json({"message": "Busy."}, status=503, headers={"x-should-retry": "true"})] * 3}
    stuck = [Reply.completion("Never.", delay=60)]

    def reply(request: ReceivedRequest) -> Reply | None:
        text = request.messages[-1]["content"]
        if text == "bad":
            return Reply.json({"message": "No."}, status=400)
        if text == "busy" and replies["busy"]:
            return replies["busy"].pop()
        if text == "stuck" and stuck:
            return stuck.pop()
        return Reply.completion(f"In short: {text}.")

    server.always(reply)
    assert [worker.summarize.delay(text) for text in ("one", "two")][1].get(timeout=SECONDS) == "In short: two."
    with pytest.raises(BadRequestError, match=r"^No\.$"):
        worker.summarize.delay("bad").get(timeout=SECONDS)
    assert worker.summarize.delay("busy").get(timeout=SECONDS) == "In short: busy."
    assert replies["busy"] == []
    assert re.search(r"Retry in 0\.1s", worker.log())

    sent = len(server.requests)
    result = worker.summarize.delay("stuck")
    worker.wait_until(lambda: len(server.requests) > sent)
    worker.kill_child()
    assert result.get(timeout=SECONDS) == "In short: stuck."
    assert len(server.requests) == sent + 2
