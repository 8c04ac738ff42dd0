"""The programs of docs/ray.md, the example and the command, each in a process of its own."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jobs import KEEP_WORKERS, KEY, PATIENCE, ModelServer, read_output, serving, write_input
from model_server import EVERY
from opper_chat.ray import ChatCompletions, read_finished_rows

ROOT = Path(__file__).parents[2]
ROWS = 40
START_RAY = (
    "import ray\nfor attempt in range(3):\n    try:\n"
    "        ray.init(num_cpus=4, object_store_memory=200_000_000, include_dashboard=False)\n        break\n"
    "    except Exception:\n        ray.shutdown()\n"
)


def block(text: str) -> str:
    """The block of the page that has this text."""
    page = (ROOT / "docs" / "ray.md").read_text("utf-8")
    (found,) = [code for code in re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE) if text in code]
    return found


def run(server: ModelServer, folder: Path, *command: str) -> str:
    """Run a program in a folder, and return what it prints."""
    # Ray 2.60 starts 32 processes to read the footers of Parquet files, unless it uses its earlier reader.
    environment = {
        **os.environ, "OPPER_API_KEY": KEY, "OPPER_BASE_URL": server.base_url, "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_USE_DATASOURCE_V2": "0", **KEEP_WORKERS,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE,
        check=False,
    )  # fmt: skip
    assert done.returncode in (0, 7), done.stderr[-4000:]
    assert KEY not in done.stdout + done.stderr
    return done.stdout


def write_reviews(folder: Path) -> None:
    """Write the table of the page."""
    columns = {"id": [*range(ROWS)], "text": [f"{n}" for n in range(ROWS)], "stars": pa.array([None] * ROWS, pa.int8())}
    pq.write_table(pa.table(columns), folder / "reviews.parquet")


def test_the_class_in_a_pipeline(tmp_path: Path) -> None:
    """Columns that are kept have their type, and rows that are there are left out."""
    write_reviews(tmp_path)
    with serving(0.02) as server:
        run(server, tmp_path, "-c", START_RAY + block("read_finished_rows("))
        assert len(server.counts()) == ROWS
    found = read_output(tmp_path / "moods")
    assert found.keys() == {str(number) for number in range(ROWS)}
    assert {row["error"]["type"] for row in found.values() if row["error"]} == {"BadRequestError"}
    assert sum(row["error"] is not None for row in found.values()) == ROWS // EVERY
    assert pq.read_table(tmp_path / "moods").schema.field("stars").type == pa.int8()
    pending = read_finished_rows(tmp_path / "moods", id_column="id")(pq.read_table(tmp_path / "reviews.parquet"))
    assert pending.num_rows == 0


def test_limits_in_a_pipeline(tmp_path: Path) -> None:
    """Of an actor that all workers ask."""
    write_reviews(tmp_path)
    program = (
        f"{START_RAY}from opper_chat.ray import ChatCompletions\n"
        f"pending = ray.data.read_parquet('reviews.parquet')\n{block('ray.remote(SharedLimits)')}"
    ).replace('max_cost="20"', 'max_cost="0.020"')
    with serving(0.02) as server:
        printed = run(server, tmp_path, "-c", program)
        sent = len(server.counts())
    found = read_output(tmp_path / "moods")
    assert len(found) == sent < ROWS
    paid = sum(row["cost"] is not None for row in found.values())
    assert 15 <= paid <= 20
    assert f"succeeded={paid}" in printed
    assert "stopped='max_cost'" in printed


def test_a_data_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of pandas becomes a table."""
    monkeypatch.setenv("OPPER_API_KEY", KEY)
    frame = pd.DataFrame({"custom_id": ["a"], "text": ["Row 3"], "n": [1.5]})

    async def send(base_url: str) -> Any:
        async with ChatCompletions(template="{text}", base_url=base_url, keep=["n"]) as completions:
            return await completions(frame)

    with serving(0.02) as server:
        found = asyncio.run(send(server.base_url))
    assert found.select(["custom_id", "text", "n"]).to_pylist() == [{"custom_id": "a", "text": "Row 3.", "n": 1.5}]


def test_the_recipe_for_daft(tmp_path: Path) -> None:
    """A column with the values of each row."""
    pytest.importorskip("daft")
    write_reviews(tmp_path)
    with serving(0.02) as server:
        run(server, tmp_path, "-c", block("import daft"))
    rows = pq.read_table(tmp_path / "moods")["mood"].to_pylist()
    assert sorted(int(row["custom_id"]) for row in rows) == [*range(ROWS)]
    assert sum(row["error"] is not None for row in rows) == ROWS // EVERY


def test_the_example(tmp_path: Path) -> None:
    """It goes on where it was."""
    with serving(0.02) as server:
        printed = run(server, tmp_path, str(ROOT / "examples" / "ray_batch.py"))
    assert "stopped by max_cost" in printed
    assert "stopped by None" in printed
    assert "requests: 200" in printed


def test_the_command(tmp_path: Path) -> None:
    """With rows that fail, and again."""
    write_input(tmp_path / "in.jsonl", ROWS)
    with serving(0.02) as server:
        command = ("batch", "in.jsonl", "-o", "out", "--ray", "--actors", "1", "--rows-per-file", "10")
        checks = ("--schema", '{"type": "string"}', "--no-strict", "--max-consecutive-errors", "0")
        for _ in range(2):
            run(server, tmp_path, "-m", "opper_chat", *command, *checks)
            counts = server.counts()
        assert len(counts) == ROWS
    found = read_output(tmp_path / "out")
    assert len(found) == ROWS
    assert {row["error"]["type"] for row in found.values()} == {"BadRequestError", "InvalidCompletionError"}
    assert sum(row["status"] == 400 for row in found.values()) == ROWS // EVERY
