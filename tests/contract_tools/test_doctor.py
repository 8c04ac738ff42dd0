"""The doctor: what servers send that the contract does not say, from every form of recorded traffic and from a call."""

import base64
import difflib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from corpus import CORPUS, needs_corpus
from opper_chat import Opper
from opper_chat.testing import Cassette, LocalServer

from scripts.contract import doctor, edits
from scripts.contract.document import CONTRACT, ROOT, DocumentError, load_document
from scripts.contract.observations import Observations, show_name, show_word
from scripts.contract.operations import Operation
from scripts.contract.proposals import Proposal

SECRET = "sk-live-3f9a7c51d2e84b06a1c7"
REPLY: dict[str, Any] = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": SECRET, "refusal": None, "annotations": []},
            "logprobs": None,
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


def reply(**more: Any) -> dict[str, Any]:
    """Return a copy of the reply, with properties set by their paths: `choices__0__finish_reason="x"`."""
    copied: dict[str, Any] = json.loads(json.dumps(REPLY))
    for path, value in more.items():
        *parts, last = path.split("__")
        target: Any = copied
        for part in parts:
            target = target[int(part) if part.isdigit() else part]
        target[last] = value
    return copied


def without(path: str) -> dict[str, Any]:
    copied = reply(**{path: None})
    target: Any = copied
    *parts, last = path.split("__")
    for part in parts:
        target = target[int(part) if part.isdigit() else part]
    del target[last]
    return copied


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any]]:
    """Run the doctor with `--json`."""
    status = doctor.main([*map(str, arguments), "--json"])
    output = capsys.readouterr().out
    assert SECRET not in output
    report: dict[str, Any] = json.loads(output)
    return status, report


def found(report: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(one["finding"], one["place"], one["what"]) for one in report["findings"]}


def write_lines(path: Path, *values: Any) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values), "utf-8")
    return path


KINDS = {
    "unknown text": (reply(provider="x"), ("unknown property", "ChatCompletion.provider", "string")),
    "unknown object": (
        reply(choices__0__message__thoughts={"a": SECRET}),
        ("unknown property", "ChatCompletionMessage.thoughts", "object"),
    ),
    "unknown null": (reply(choices__0__stop_reason=None), ("unknown property", "Choice.stop_reason", "null")),
    "value not listed": (reply(choices__0__finish_reason="eos"), ("value not listed", "FinishReason", "'eos'")),
    "empty value": (reply(service_tier=""), ("value not listed", "ServiceTier", "''")),
    "value that is no word": (
        reply(choices__0__finish_reason=SECRET),
        ("value not listed", "FinishReason", f"a text of {len(SECRET)} characters"),
    ),
    "wrong type": (
        reply(choices__0__message__content=[{"type": "text", "text": SECRET}]),
        ("wrong type", "ChatCompletionMessage.content", "array, expected null or string"),
    ),
    "wrong type of a whole reply": ([SECRET], None),
    "required absent": (without("usage__total_tokens"), ("required absent", "CompletionUsage.total_tokens", "absent")),
    "name that is data": (
        reply(**{f"{SECRET} {SECRET}": 1}),
        ("unknown property", f"ChatCompletion.(a name of {2 * len(SECRET) + 1} characters)", "integer"),
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_finding(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind of difference is one finding at its component, without values."""
    value, expected = KINDS[name]
    status, report = run(capsys, write_lines(tmp_path / "replies.jsonl", value))
    if expected is None:
        assert report["left_out"] == {"object that is neither a request nor a reply": 1}
        assert status == 0
    else:
        assert found(report) == {expected}
        assert status == 1


def test_nothing_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Replies as documented have no finding, and the exit status is 0."""
    status, report = run(capsys, write_lines(tmp_path / "replies.jsonl", REPLY, REPLY))
    assert (status, report) == (0, {"values": 2, "left_out": {}, "findings": []})


def test_kinds_of_a_union(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The arm is chosen by the value that tells the kinds apart; a kind that is not listed is a finding."""
    calls = [
        {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}, "index": 0},
        {"id": "2", "type": "custom", "custom": {"name": "c", "input": ""}, "more": 1},
        {"id": "3", "type": "browser", "browser": {"url": SECRET}},
    ]
    path = write_lines(tmp_path / "replies.jsonl", reply(choices__0__message__tool_calls=calls))
    _, report = run(capsys, path)
    places = {(one["finding"], one["place"]) for one in report["findings"]}
    assert places == {
        ("unknown property", "FunctionToolCall.index"),
        ("unknown property", "CustomToolCall.more"),
        ("value not listed", "OtherToolCall.type"),
    }
    assert ("value not listed", "OtherToolCall.type", "'browser'") in found(report)


def test_keys_of_maps_are_not_properties(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a caller may name freely is no finding."""
    request = {"messages": [{"role": "user", "content": "x"}], "metadata": {SECRET: "x"}, "tags": {"any": [1]}}
    path = write_lines(tmp_path / "requests.jsonl", request, {**request, "invented": 1})
    status, report = run(capsys, path, "--requests")
    assert found(report) == {("unknown property", "ChatCompletionRequest.invented", "integer")}
    status, report = run(capsys, path)
    assert (status, report["values"]) == (0, 0)


def events(*values: Any) -> str:
    return "".join(f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n" for value in values)


CHUNK: dict[str, Any] = {
    "id": "1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "delta": {"content": SECRET, "reasoning": SECRET}, "finish_reason": None}],
}
STREAM = events(CHUNK, {"error": {"message": SECRET, "code": 1, "trace": "x"}}, "[DONE]")
IN_STREAM = {
    ("unknown property", "ChoiceDelta.reasoning", "string"),
    ("unknown property", "ErrorObject.trace", "string"),
}


def exchange(body: str, host: str = "one.example", status: int = 200) -> dict[str, Any]:
    return {"provider_host": host, "status": status, "response_body": body, "request_body": None, "is_stream": False}


def har(*entries: dict[str, Any]) -> str:
    return json.dumps({"log": {"version": "1.2", "entries": entries}})


def har_entry(text: str, url: str = "https://two.example/v1/chat/completions", **content: str) -> dict[str, Any]:
    return {
        "request": {"method": "POST", "url": url, "postData": {"text": "{}"}},
        "response": {"status": 200, "content": {"text": text, **content}},
    }


FORMS = {
    "event stream": STREAM,
    "exchanges": json.dumps(exchange(STREAM)) + "\n",
    "chunks": "".join(json.dumps(value) + "\n" for value in (CHUNK, {"error": {"message": "x", "trace": "x"}})),
    "array": json.dumps([CHUNK, {"error": {"message": "x", "trace": "x"}}], indent=2),
    "HAR": har(har_entry(STREAM), har_entry("x", url="https://two.example/v1/models")),
    "HAR in base64, with a byte order mark": "\ufeff"
    + har(har_entry(base64.b64encode(STREAM.encode()).decode(), encoding="base64")),
}


@pytest.mark.parametrize("name", FORMS)
def test_form_of_traffic(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each form is recognised by its content, and an error within a stream is read as an error."""
    path = tmp_path / "traffic"
    path.write_text(FORMS[name], "utf-8")
    status, report = run(capsys, path)
    assert found(report) == IN_STREAM
    assert (status, report["values"]) == (1, 2)


def test_cassette(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cassette that was recorded from a server is read, plain replies, streams and errors."""
    path = tmp_path / "cassette.jsonl"
    with LocalServer() as server, Cassette(path, upstream=server.base_url, record="all") as cassette:
        with Opper(api_key="key", base_url=cassette.base_url, max_retries=0) as client:
            create = client.chat.completions.create
            create(messages=[{"role": "user", "content": "Hello"}])
            assert create(messages=[{"role": "user", "content": "Hello"}], stream=True).get_final_text()
            with pytest.raises(Exception, match="unknown"):
                create(model="unknown/model", messages=[{"role": "user", "content": "Hello"}])
    status, report = run(capsys, path)
    assert (status, report["findings"]) == (0, [])
    assert report["values"] > 5
    text = path.read_text("utf-8")
    assert '\\"object\\":\\"chat.completion\\"' in text
    path.write_text(text.replace('\\"object\\":', '\\"invented\\":1,\\"object\\":'), "utf-8")
    _, report = run(capsys, path)
    assert found(report) == {
        ("unknown property", "ChatCompletion.invented", "integer"),
        ("unknown property", "ChatCompletionChunk.invented", "integer"),
    }


def test_what_cannot_be_read_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bodies that are empty or are not JSON are counted by their reason."""
    path = write_lines(
        tmp_path / "exchanges.jsonl",
        exchange(""),
        exchange("<html>"),
        exchange("<html>", status=502),
        exchange("data: {\n\n"),
    )
    status, report = run(capsys, path)
    assert (status, report["values"]) == (0, 0)
    assert report["left_out"] == {
        "empty body": 1,
        "reply that is not JSON": 1,
        "error that is not JSON": 1,
        "event that is not JSON": 1,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json " + SECRET, "line 1: not JSON: Expecting value. Accepted are cassettes, HAR"),
        ('{"cassette": 7}\n', "expected version 1 of cassettes, got 7"),
        ('{"a": 1}\n{"a":\n', "line 2: not JSON"),
        ("[" * 100_000, "line 1: nested too deeply"),
    ],
)
def test_files_that_cannot_be_read(text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message has the file and the line, and nothing of the content; the exit status is 2."""
    path = tmp_path / "traffic.jsonl"
    path.write_text(text, "utf-8")
    assert doctor.main([str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(str(path))
    assert message in error
    assert SECRET not in error
    assert doctor.main([str(tmp_path / "absent")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_thresholds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What too few values or too few hosts have is left out, and the exit status follows."""
    bodies = [json.dumps(reply(often=1, **({"rare": 1} if number == 0 else {}))) for number in range(3)]
    hosts = ["a.example", "a.example", "b.example"]
    path = write_lines(tmp_path / "exchanges.jsonl", *map(exchange, bodies, hosts))
    names = lambda report: {one["place"].rpartition(".")[2] for one in report["findings"]}  # noqa: E731
    assert names(run(capsys, path)[1]) == {"often", "rare"}
    assert names(run(capsys, path, "--min-seen", 2)[1]) == {"often"}
    assert names(run(capsys, path, "--min-hosts", 2)[1]) == {"often"}
    assert run(capsys, path, "--min-hosts", 3) == (0, {"values": 3, "left_out": {}, "findings": []})
    (often,) = run(capsys, path, "--min-seen", 2)[1]["findings"]
    assert (often["seen"], often["of"], often["hosts"]) == (3, 3, ["a.example", "b.example"])


def test_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table says how often each finding was seen, of how many objects, and on how many hosts."""
    path = write_lines(tmp_path / "replies.jsonl", REPLY, reply(provider="x", service_tier="on_demand"))
    assert doctor.main([str(path)]) == 1
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        ["finding", "place", "what", "seen", "of", "hosts"],
        ["unknown", "property", "ChatCompletion.provider", "string", "1", "2", "1"],
        ["value", "not", "listed", "ServiceTier", "'on_demand'", "1", "1"],
        ["2", "values", "read,", "2", "findings"],
    ]


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    path = tmp_path / "openapi.yaml"
    path.write_bytes(CONTRACT.read_bytes())
    return path


def test_patch(contract: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Properties and values are added in place, and no other line changes; what breaks users is left to decide."""
    odd = [
        reply(
            provider="x",
            service_tier="on_demand",
            choices__0__message__thoughts={"text": "x", "steps": [{"n": 1}], "at": None},
            choices__0__message__content=[],
        ),
        reply(service_tier="no", provider=None, choices__0__finish_reason=SECRET),
    ]
    traffic = write_lines(tmp_path / "replies.jsonl", *odd)
    assert doctor.main([str(traffic), "--patch", "--contract", str(contract)]) == 1
    output = capsys.readouterr().out
    assert "openapi.yaml: 3. Findings left for you to decide: 2" in output
    before, after = CONTRACT.read_text("utf-8"), contract.read_text("utf-8")
    assert SECRET not in after
    removed = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line.startswith("- ")]
    assert all("on_demand" not in line and "enum: [auto" in line for line in removed)
    schemas = load_document(contract)["components"]["schemas"]
    assert schemas["ChatCompletion"]["properties"]["provider"] == {
        "type": ["string", "null"],
        "description": "Not documented. Seen in replies of 1 host.",
        "x-source": "observed",
    }
    thoughts = schemas["ChatCompletionMessageThoughts"]["properties"]
    assert thoughts["steps"]["items"] == {"$ref": "#/components/schemas/ChatCompletionMessageThoughtsStepsItem"}
    assert schemas["ChatCompletionMessageThoughtsStepsItem"]["properties"]["n"]["type"] == "integer"
    assert "required" not in schemas["ChatCompletionMessageThoughts"]
    assert '"no"' in after  # which PyYAML reads as false without quotes
    # Of the patched contract, the same traffic has only what was left.
    _, report = run(capsys, traffic, "--contract", contract)
    assert {one["finding"] for one in report["findings"]} == {"wrong type", "value not listed"}
    assert doctor.main([str(traffic), "--patch", "--contract", str(contract)]) == 1
    assert contract.read_text("utf-8") == after


def test_contract_of_another_layout_is_not_patched(contract: Path) -> None:
    """If writing the contract would change other lines, nothing is written, and the message says why."""
    text = CONTRACT.read_text("utf-8")
    other = yaml.safe_dump(yaml.safe_load(text))
    with pytest.raises(DocumentError, match=r"line \d+ would change from"):
        edits.apply(other, [])
    assert edits.apply(text, []) == text


def test_components_keep_their_empty_lines() -> None:
    """Components that are added stand before the one that needs them, with one empty line between each."""
    proposals = [Proposal({"type": "string"}, {f"New{n}{m}": {"type": "object"} for m in "AB"}) for n in range(2)]
    pointer = ("components", "schemas", "UrlCitation")
    additions = [edits.AddProperty(pointer, f"new_{n}", proposal) for n, proposal in enumerate(proposals)]
    after = edits.apply(CONTRACT.read_text("utf-8"), additions)
    assert "\n\n\n" not in after
    for name in ("New0A", "New0B", "New1A", "New1B", "UrlCitation"):
        assert f"\n\n    {name}:\n" in after


def test_names_that_yaml_reads_as_another_type_are_quoted() -> None:
    """A property is called `no` or `on`, and not false or true."""
    value = {"type": "object", "properties": {"off": {"type": "string"}, "1": {"type": "string"}}}
    addition = edits.AddProperty(("components", "schemas", "UrlCitation"), "no", Proposal({}, {"New": value}))
    after = yaml.safe_load(edits.apply(CONTRACT.read_text("utf-8"), [addition]))["components"]["schemas"]
    assert "no" in after["UrlCitation"]["properties"]
    assert after["New"] == value
    pasted = yaml.safe_load(edits.format_edit(addition).split("# add to components/schemas\n")[0])
    assert list(pasted) == ["no"]


@pytest.mark.parametrize("word", ["stop", "on_demand", "24h", "in-memory", "no", "chat.completion.done", "x/y:z"])
def test_words(word: str) -> None:
    """What a list of values may have is shown."""
    assert show_word(word) == repr(word)


@pytest.mark.parametrize(
    "data", ["two words", "x" * 33, "a@example.com", "é", "a\nb", "-x", SECRET, "3f9a7c51d2e84b06a1c7"]
)
def test_data_is_not_shown(data: str) -> None:
    """What is no word, and no name, is shown by its length."""
    assert show_word(data) == f"a text of {len(data)} characters"
    if data in ("two words", "é", "a\nb", "-x"):
        assert show_name(data) == f"(a name of {len(data)} characters)"


def test_live_call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain call and a streamed one use the key and base URL of the environment; an error is said."""
    with LocalServer() as server:
        monkeypatch.setenv("OPPER_BASE_URL", server.base_url)
        monkeypatch.setenv("OPPER_API_KEY", "key")
        status, report = run(capsys, "--live", "--model", "a/model")
        assert (status, report["findings"]) == (0, [])
        assert report["values"] > 3
        assert [request.body["stream"] for request in server.requests] == [False, True]
        assert {request.body["model"] for request in server.requests} == {"a/model"}
        monkeypatch.setenv("OPPER_API_KEY", "bad")
        status, report = run(capsys, "--live")
        assert (status, report["values"]) == (0, 2)
    assert doctor.main(["--live"]) == 2
    assert "the live call failed" in capsys.readouterr().err
    monkeypatch.delenv("OPPER_API_KEY")
    assert doctor.main(["--live"]) == 2


def test_nothing_to_read() -> None:
    """Without files and without `--live` the usage is printed, and the exit status is 2."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.contract.doctor"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "give the files to read, or --live" in done.stderr


def test_long_traffic_is_read_in_linear_time() -> None:
    """Ten thousand chunks of one stream take little memory and time: findings are counted, not kept one by one."""
    observations, operation = Observations(), Operation(load_document(CONTRACT))
    schema = operation.event()
    assert schema is not None
    for number in range(10_000):
        observations.read({**CHUNK, "created": number}, schema, "host")
    assert [one.seen for one in observations.findings()] == [10_000]
    assert doctor.format_table(observations.findings(), observations, Counter()).count("\n") == 2


def test_deep_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown property that is nested deeply is a finding with its type."""
    deep: Any = []
    for _ in range(600):
        deep = [deep]
    _, report = run(capsys, write_lines(tmp_path / "replies.jsonl", reply(deep=deep)))
    assert found(report) == {("unknown property", "ChatCompletion.deep", "array")}


@needs_corpus
def test_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    """Recorded traffic of many servers: what is known of them is found, on several hosts."""
    status, report = run(capsys, *sorted((CORPUS / "recorded").glob("*.jsonl")))
    assert status == 1
    assert report["values"] >= 2_854
    places = {one["place"]: one for one in report["findings"] if one["finding"] == "unknown property"}
    for place in (
        "ChatCompletionMessage.reasoning",
        "ChatCompletionMessage.reasoning_content",
        "ChoiceDelta.reasoning",
        "ChoiceDelta.reasoning_content",
        "ChatCompletion.provider",
        "ChatCompletionChunk.provider",
        "CompletionUsage.cost",
    ):
        assert place in places
    assert len(places["ChatCompletionMessage.reasoning"]["hosts"]) >= 5
    assert ("value not listed", "ServiceTier", "'on_demand'") in found(report)
