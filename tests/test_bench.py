"""The benchmarks: the server's bytes are read as they were meant, and a small run measures, compares and draws."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from flavours import HELLO, Flavour

from benchmarks.speed import report, summary
from benchmarks.speed.goals import GOALS, Goal, Record
from benchmarks.speed.payloads import LARGE, WORDS
from benchmarks.speed.server import running_server

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_server() as url:
        yield url


@pytest.mark.parametrize("form", ["own", "coalesced", "many", "paced", "varied", "whole"])
def test_a_stream_in_every_form(flavour: Flavour, address: str, form: str) -> None:
    """As many chunks as asked for, and the same text in all forms."""
    chunks, error = flavour.chunks(f"{address}/{form}/100", messages=HELLO)
    assert error is None
    assert len(chunks) == 100
    assert chunks[-1].choices[0].finish_reason == "stop"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == 7 * "".join(WORDS)


def test_both_replies(flavour: Flavour, address: str) -> None:
    """A short text, and one with the log probabilities of all its tokens, of the size that it is said to have."""
    assert flavour.create(f"{address}/small/1", messages=HELLO).choices[0].message.content == "Red."
    logprobs = flavour.create(f"{address}/large/1", messages=HELLO).choices[0].logprobs
    assert logprobs
    assert logprobs.content
    assert len(logprobs.content[0].top_logprobs) == 5
    body = json.dumps(logprobs.to_dict(), separators=(",", ":"))
    assert LARGE * 0.9 < len(body) < LARGE * 1.1


def record(client: str, question: str, units: int, wall: float) -> Record:
    return Record(client, "sync", question, units, wall / 2, wall)


def test_a_ratio_is_made_within_a_round() -> None:
    """The median of the rounds' own ratios, their least and most, and a word; nothing where a side is missing."""
    goal = Goal("speed", "own", 6, 15, more=True)
    rounds = [
        [record("opper", "own", 1000, 1.0), record("openai", "own", 100, 1.0)],  # 10 times as fast
        [record("opper", "own", 1000, 4.0), record("openai", "own", 100, 2.0)],  # 5 times
        [record("openai", "own", 100, 1.0), record("opper", "own", 1000, 0.5)],  # 20 times
        [record("opper", "own", 1000, 1.0)],
    ]
    figure = goal.figure(rounds, "sync")
    assert figure == pytest.approx((10, 5, 20, 3))
    assert goal.reached(figure) == "must"
    assert goal.figure(rounds, "async") is None
    assert goal.reached(None) == "not measured"
    cost = Goal("cost", "own", 0.3, 0.1, metric="cpu")
    assert cost.figure(rounds, "sync") == pytest.approx((0.1, 0.05, 0.2, 3))
    assert cost.reached(cost.figure(rounds, "sync")) == "aim"
    assert cost.reached(cost.figure(rounds[1:2], "sync")) == "must"
    growth = Goal("memory", "memory-calls", 0.5, 0.2, None, "bytes", scale=1e-6)
    grown = [[Record("opper", "sync", "memory-calls:5000", 5000, 0.0, 0.0, 700_000)]]
    assert growth.figure(grown, "sync") == pytest.approx((0.7, 0.7, 0.7, 1))
    assert growth.reached(growth.figure(grown, "sync")) == "**missing**"


def test_other_transports_have_a_table_of_their_own() -> None:
    """Between this client's own connections and openai's; they are no clients beside it."""
    rounds = [[record(name, "own", 1000, 1.0) for name in ("opper", "opper[pyreqwest]", "openai")]]
    lines = report.transports(rounds).splitlines()
    assert [line.split("|")[2].strip() for line in lines[2:]] == ["opper", "opper[pyreqwest]", "openai"]
    assert "pyreqwest" not in report.all_clients(rounds)
    assert report.transports([[record("opper", "own", 1000, 1.0)]]) == "Not measured."


def test_every_goal_is_listed() -> None:
    """All lines of the table, sync and async where they are both."""
    assert sum(len(goal.layers) for goal in GOALS) == 36


def test_the_picture_of_the_readme_is_of_the_published_results() -> None:
    """Draw it again with `python -m benchmarks.speed.summary`. Without one of the clients there is none."""
    results = json.loads((summary.FOLDER / "results.json").read_text("utf-8"))
    drawn = summary.draw(results)
    assert drawn == (summary.FOLDER / summary.NAME).read_text("utf-8")
    ET.fromstring(drawn)
    assert summary.draw({**results, "versions": {"opper": []}}) is None
    ours = [[record for record in records if record["client"] == "opper"] for records in results["rounds"]]
    assert summary.draw({**results, "rounds": ours}) is None


def test_the_summary_compares_within_each_round() -> None:
    """The ratio of the medians would be 5; the median of the ratios is 4."""
    pairs = [(1.0, 10.0), (2.0, 8.0), (4.0, 12.0)]
    rounds = [
        [
            record(client, question, 1, wall)
            for question in summary.QUESTIONS
            for client, wall in zip(("opper", "openai"), pair, strict=True)
        ]
        for pair in pairs
    ]
    drawn = summary.picture(rounds, "9.9")
    assert drawn
    assert drawn.count("4.0 times less") == len(summary.QUESTIONS)
    assert "beside openai 9.9" in drawn


def test_a_small_run(tmp_path: Path) -> None:
    """Figures of this client alone, goals that say that nothing was measured beside it, results, and pictures."""
    command = [
        sys.executable, "-m", "benchmarks.speed", "--rounds", "1", "--seconds", "0.01", "--clients", "opper",
        "--only", "own", "many", "text", "events", "small", "first", "second", "import", "decode", "accumulate",
        "--out", str(tmp_path),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    asked = {(record["question"], record["layer"]) for record in results["rounds"][0]}
    streams = {"own", "many", "text", "events", "small", "first", "second"}
    both = {(question, layer) for question in streams for layer in ("sync", "async")}
    assert asked == both | {("import", "sync"), ("decode:16000", "sync"), ("accumulate:16000", "sync")}
    assert "- streaming, 32 events per HTTP chunk: speed vs openai (sync): not measured." in done.stdout
    picture = ET.parse(tmp_path / "many.svg").getroot()
    said = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert "opper, async" in said
