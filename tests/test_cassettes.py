"""Cassettes through real sockets: what is recorded from a local server is replayed byte for byte, to any client."""

import asyncio
import json
import math
import re
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from flavours import HELLO, Flavour
from opper_chat import APIConnectionError, APITimeoutError, BadRequestError, InvalidArgumentError, Opper
from opper_chat.testing import (
    CUT,
    SCENARIOS,
    Cassette,
    CassetteError,
    CassetteFileError,
    LocalServer,
    Pause,
    RecordingError,
    Reply,
    Scenario,
    UnmatchedRequestError,
    UnusedExchangeError,
    chunk,
)

Seen = dict[str, Any]

URL = "/chat/completions"
KEY = {"authorization": "Bearer k"}
HOPS = ("transfer-encoding", "connection")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "it.jsonl"


def lines(path: Path) -> list[Any]:
    """The exchanges of a file, whose first line is its version."""
    first, *others = path.read_bytes().splitlines()
    assert json.loads(first) == {"cassette": 1}
    return [json.loads(line) for line in others]


def ask(base_url: str, timeout: float = 10, **members: Any) -> Seen:
    """Ask over bare HTTP: status, headers, the pieces of the body as they came, and what broke."""
    seen: Seen = {"status": None, "pieces": [], "broke": None}
    body = {"messages": HELLO, **members}
    with httpx.Client(timeout=timeout, trust_env=False) as client:
        try:
            with client.stream(
                "POST", f"{base_url}{URL}", json=body, headers={"authorization": "Bearer k"}
            ) as response:
                seen["status"] = response.status_code
                hops = ("transfer-encoding", "connection")
                seen["headers"] = sorted(
                    (n.lower(), v) for n, v in response.headers.multi_items() if n.lower() not in hops
                )
                for piece in response.iter_raw():
                    seen["pieces"].append(piece)
        except httpx.ReadTimeout:
            seen["broke"] = "timeout"
        except httpx.TransportError:
            seen["broke"] = "cut"
    seen["pieces"] = [piece for piece in seen["pieces"] if piece]
    return seen


def joined(seen: Seen) -> Seen:
    """The same, where how the pieces lie is left to the network."""
    return {**seen, "pieces": b"".join(seen["pieces"])}


# ------------------------------------------------------------------------------------------ byte for byte


TAME = {name: one for name, one in SCENARIOS.items() if one.outcome.timeout_kind is None and one.group != "time"}


@pytest.mark.parametrize("scenario", TAME.values(), ids=TAME)
def test_every_fault_is_recorded_and_replayed(server: LocalServer, path: Path, scenario: Scenario) -> None:
    """The same status, headers, bytes and break as without a cassette: while it records, and when it replays."""
    server.reply(scenario.reply(), scenario.reply())
    straight = ask(server.base_url, stream=True)
    with Cassette(path, upstream=server.base_url, record="all") as cassette:
        recorded = ask(cassette.base_url, stream=True)
    with Cassette(path, strict=True) as cassette:
        replayed = ask(cassette.base_url, stream=True)
    for seen in (straight, recorded, replayed):
        seen["headers"] = [field for field in seen.get("headers", []) if field[0] != "x-request-id"]
    if straight["broke"] == "cut" and not straight["pieces"]:
        # What breaks at once may do so before or behind the head of the answer, as the network has it.
        assert recorded["broke"] == replayed["broke"] == "cut"
        return
    assert joined(recorded) == joined(straight)
    assert joined(replayed) == joined(straight)


def test_pieces_come_one_by_one(server: LocalServer, path: Path) -> None:
    """The same pieces, also those that cut a character in two; in the file as text, else as base64."""
    sent = [b"data: one\n\n", "data: ü".encode()[:-1], "ü".encode()[1:] + b"\n\n", "data: ✓\n\n".encode()]
    server.reply(Reply.sse([piece for each in sent for piece in (each, Pause(0.05))]))
    with Cassette(path, upstream=server.base_url, record="once") as cassette:
        assert ask(cassette.base_url)["pieces"] == sent
    with Cassette(path) as cassette:
        assert ask(cassette.base_url)["pieces"] == sent
    pieces = lines(path)[0]["response"]["chunks"]
    assert [piece.get("text") for piece in pieces] == ["data: one\n\n", None, None, "data: ✓\n\n"]
    assert "✓" in path.read_text("utf-8")


def test_a_piece_is_passed_on_before_the_next_one_comes(server: LocalServer, path: Path) -> None:
    """The first piece while the upstream holds back the second."""
    server.reply(Reply.sse([chunk("Hel"), Pause(math.inf)]))
    with (
        Cassette(path, upstream=server.base_url, record="once") as cassette,
        Opper(api_key="key", base_url=cassette.base_url) as client,
    ):
        with client.chat.completions.create(messages=HELLO, stream=True, idle_timeout=2) as stream:  # type: ignore[arg-type]
            begun = time.monotonic()
            assert next(stream).choices[0].delta.content == "Hel"
            assert time.monotonic() - begun < 1.5
            with pytest.raises(APITimeoutError):
                next(stream)


def test_compressed_bodies_stay_as_they_are(server: LocalServer, path: Path) -> None:
    """The same compressed bytes, although the upstream was asked for none."""
    server.reply(Reply.json({"text": "x" * 100}, encoding="gzip"))
    with Cassette(path, upstream=server.base_url, record="once") as cassette:
        recorded = ask(cassette.base_url)
    assert server.last_request.headers["accept-encoding"] == "identity"
    with Cassette(path) as cassette:
        assert ask(cassette.base_url) == recorded
    assert ("content-encoding", "gzip") in recorded["headers"]


def test_repeated_headers_and_odd_statuses(server: LocalServer, path: Path) -> None:
    """Both values of a header that comes twice, and a status that no list has."""
    head = b"HTTP/1.1 529 Busy\r\nvary: a\r\nvary: b\r\ncontent-length: 2\r\n\r\nhm"
    server.reply(Reply.raw([head]))
    with Cassette(path, upstream=server.base_url, record="once") as cassette:
        recorded = ask(cassette.base_url)
    with Cassette(path) as cassette:
        replayed = ask(cassette.base_url)
    assert recorded == replayed
    assert [field for field in replayed["headers"] if field[0] == "vary"] == [("vary", "a"), ("vary", "b")]
    assert (replayed["status"], replayed["pieces"]) == (529, [b"hm"])


def test_times(server: LocalServer, path: Path) -> None:
    """The recorded times at speed 1, half of them at 2, none by default."""
    server.reply(Reply.sse([chunk("a"), Pause(0.4), "[DONE]"], delay=0.4))
    with Cassette(path, upstream=server.base_url, record="once") as cassette:
        ask(cassette.base_url)
    took: dict[float, float] = {}
    for speed in (1, 2, math.inf):
        with Cassette(path, speed=speed) as cassette:
            begun = time.monotonic()
            ask(cassette.base_url)
            took[speed] = time.monotonic() - begun
    assert took[1] > 0.75
    assert 0.35 < took[2] < took[1] - 0.2
    assert took[math.inf] < took[2] - 0.2


# ------------------------------------------------------------------------------------------- every client


def by_httpx(base_url: str) -> list[str]:
    return [httpx.post(f"{base_url}{URL}", json={"messages": HELLO}, headers={"authorization": "bearer k"}).text]


def by_httpx2(base_url: str) -> list[str]:
    httpx2 = pytest.importorskip("httpx2")
    return [httpx2.post(f"{base_url}{URL}", json={"messages": HELLO}, headers={"authorization": "bearer k"}).text]


def by_openai(base_url: str) -> list[str]:
    openai = pytest.importorskip("openai")
    with openai.OpenAI(api_key="key", base_url=base_url) as client:
        completions = client.chat.completions
        plain = completions.create(model="a/b", messages=HELLO)
        with completions.create(model="a/b", messages=HELLO, stream=True) as stream:
            return [plain.to_json(), *(one.to_json() for one in stream)]


def by_opper(base_url: str) -> list[str]:
    with Opper(api_key="key", base_url=base_url) as client:
        return told(client.chat.completions.create(messages=HELLO), *read(client))  # type: ignore[arg-type]


def read(client: Opper) -> list[Any]:
    with client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
        return [*stream, stream.get_final_completion()]


def by_async_opper(base_url: str) -> list[str]:
    async def both(client: Any) -> list[str]:
        plain = await client.chat.completions.create(messages=HELLO)
        async with await client.chat.completions.create(messages=HELLO, stream=True) as stream:
            return told(plain, *[one async for one in stream])

    return Flavour("async")(both, api_key="key", base_url=base_url)  # type: ignore[no-any-return]


def told(*models: Any) -> list[str]:
    return [json.dumps(model.to_dict()) for model in models]


@pytest.mark.parametrize("by", [by_httpx, by_httpx2, by_openai, by_opper, by_async_opper])
def test_any_client(server: LocalServer, path: Path, by: Any) -> None:
    """The same answers, plain and streamed, from the file as from the server."""
    with Cassette(path, upstream=server.base_url, record="once") as cassette:
        recorded = by(cassette.base_url)
    received = len(server.requests)
    with Cassette(path, strict=True) as cassette:
        assert by(cassette.base_url) == recorded
    assert len(server.requests) == received > 0


# ------------------------------------------------------------------------------------------------- modes


def test_replaying_needs_a_file(path: Path) -> None:
    """An error that says how to make one."""
    with pytest.raises(CassetteFileError, match="record='once'"), Cassette(path):
        pass


def test_once(server: LocalServer, path: Path) -> None:
    """Everything the first time, nothing the second."""
    for _ in range(2):
        with Cassette(path, upstream=server.base_url, record="once") as cassette:
            assert cassette.records == (not path.exists())
            ask(cassette.base_url)
    assert len(server.requests) == len(lines(path)) == 1


def test_missing(server: LocalServer, path: Path) -> None:
    """What is there comes from the file, whose lines stay as they are, and the rest goes to its end."""
    with Cassette(path, upstream=server.base_url, record="missing") as cassette:
        ask(cassette.base_url)
    edited = path.read_bytes().replace(b'"method":', b'"method" :')
    path.write_bytes(edited)
    with Cassette(path, upstream=server.base_url, record="missing") as cassette:
        for temperature in (None, 0.5, 1):
            ask(cassette.base_url, **({} if temperature is None else {"temperature": temperature}))
    assert [one["request"]["body"].get("temperature") for one in lines(path)] == [None, 0.5, 1]
    assert path.read_bytes().startswith(edited)
    assert len(server.requests) == 3


def test_all(server: LocalServer, path: Path) -> None:
    """Everything anew; a block that asks for nothing leaves the file alone."""
    for n in (1, 2):
        with Cassette(path, upstream=server.base_url, record="all") as cassette:
            ask(cassette.base_url, n=n)
    assert [one["request"]["body"]["n"] for one in lines(path)] == [2]
    with Cassette(path, upstream=server.base_url, record="all"):
        pass
    assert len(lines(path)) == 1


def test_the_environment_says_what_to_record(server: LocalServer, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`OPPER_RECORD` where no argument does, and the address of `OPPER_BASE_URL`."""
    monkeypatch.setenv("OPPER_RECORD", "once")
    monkeypatch.setenv("OPPER_BASE_URL", server.base_url)
    with Cassette(path) as cassette:
        ask(cassette.base_url)
    assert len(server.requests) == 1
    monkeypatch.setenv("OPPER_RECORD", "everything")
    with pytest.raises(InvalidArgumentError, match="OPPER_RECORD: expected 'none' or 'once'"):
        Cassette(path)


@pytest.mark.parametrize(
    "settings",
    [
        {"record": "new"}, {"speed": 0}, {"speed": math.nan}, {"speed": "1"}, {"ignore": "user"}, {"ignore": 5},
        {"ignore": [5]}, {"scrub_properties": "user"}, {"scrub": "user"},
    ],
)  # fmt: skip
def test_wrong_arguments(path: Path, settings: Any) -> None:
    """An error before anything is served."""
    with pytest.raises(InvalidArgumentError, match=next(iter(settings))):
        Cassette(path, **settings)


# ---------------------------------------------------------------------------------------------- matching


REST: Seen = {"metadata": {"run": "a", "who": "me"}, "stream": False}


@pytest.fixture
def recorded(server: LocalServer, path: Path) -> Path:
    with Cassette(path, upstream=server.base_url, record="once") as cassette:
        for seed in (1, 1, 2):
            ask(cassette.base_url, seed=seed, **REST)
    return path


def test_equal_requests_are_answered_in_turn(recorded: Path) -> None:
    """The first, then the second; then a refusal, or the second again where that is wanted."""
    ids = [json.loads(one["response"]["chunks"][0]["text"])["id"] for one in lines(recorded)]
    same = {
        "stream": False,
        "metadata": {"who": "me", "run": "a"},
        "seed": 1.0,
    }  # in another order, and a number written otherwise
    with pytest.raises(UnmatchedRequestError, match="is recorded 2 times, and was made once more"):
        with Cassette(recorded) as cassette:
            seen = [ask(cassette.base_url, **same) for _ in range(3)]
            assert [json.loads(one["pieces"][0]).get("id") for one in seen] == [*ids[:2], None]
    with Cassette(recorded, repeat=True) as cassette:
        seen = [ask(cassette.base_url, **same) for _ in range(4)]
    assert [json.loads(one["pieces"][0])["id"] for one in seen] == [ids[0], *[ids[1]] * 3]


def test_what_matches_nothing_says_where_it_differs(recorded: Path) -> None:
    """Path, expected and got, in the client's error and from the block; the client does not try it again."""
    told = r"differs:\n  seed: expected 1, got 3\n  metadata\.run: expected 'a', got nothing"
    extra: Any = {"seed": 3, "metadata": {"who": "me"}}
    with pytest.raises(UnmatchedRequestError, match=told) as raised:
        with Cassette(recorded) as cassette, Opper(api_key="key", base_url=cassette.base_url) as client:
            with pytest.raises(BadRequestError, match=r"differs: seed: expected 1, got 3") as refused:
                client.chat.completions.create(messages=HELLO, extra_body=extra)  # type: ignore[arg-type]
            assert len(cassette.requests) == 1
    assert re.search(told, refused.value.message)
    assert refused.value.type == "UnmatchedRequestError"
    assert isinstance(raised.value, AssertionError)
    assert isinstance(raised.value, CassetteError)
    assert str(recorded) in str(raised.value)


def test_true_is_not_one(recorded: Path) -> None:
    """No match where a member is `true` and was 1."""
    with pytest.raises(UnmatchedRequestError, match="seed: expected 1, got True"):
        with Cassette(recorded) as cassette:
            ask(cassette.base_url, seed=True, **REST)


def test_ignored_members(recorded: Path) -> None:
    """A match whatever they are, where they stand."""
    with Cassette(recorded, ignore=["seed", "metadata.run"]) as cassette:
        assert ask(cassette.base_url, seed=9, metadata={"who": "me"}, stream=False)["status"] == 200
    with pytest.raises(UnmatchedRequestError, match=r"metadata\.who: expected 'me', got 'you'"):
        with Cassette(recorded, ignore=["seed", "metadata.run"]) as cassette:
            ask(cassette.base_url, metadata={"who": "you"}, stream=False)


def test_query_path_and_method(server: LocalServer, path: Path) -> None:
    """The order of a query's parameters does not matter; its values, the path and the method do."""
    with Cassette(path, upstream=server.origin, record="once") as cassette:
        httpx.get(f"{cassette.base_url}/v2/a%20b?x=1&y=2")
    assert server.last_request.path == "/v2/a b"
    assert server.last_request.query == "x=1&y=2"
    with Cassette(path, repeat=True) as cassette:
        assert httpx.get(f"{cassette.base_url}/v2/a%20b?y=2&x=1").status_code == 404
    for method, asked, told in (
        ("GET", "/v2/a%20b?x=1&y=3", "query: expected 'x=1&y=2', got 'x=1&y=3'"),
        ("GET", "/v2/c?x=1&y=2", "path: expected '/v2/a%20b', got '/v2/c'"),
        ("POST", "/v2/a%20b?x=1&y=2", "method: expected 'GET', got 'POST'"),
    ):
        with pytest.raises(UnmatchedRequestError) as raised, Cassette(path) as cassette:
            assert httpx.request(method, f"{cassette.base_url}{asked}").status_code == 400
        assert told in str(raised.value)


def test_bodies_that_are_no_json(server: LocalServer, path: Path) -> None:
    """Compared and kept byte for byte: text, NaN, broken UTF-8."""
    bodies = [b"plain text", b'{"x": NaN}', b"\xff\xfe", b"null", b""]
    for settings in ({"upstream": server.base_url, "record": "once"}, {"strict": True}):
        with Cassette(path, **settings) as cassette:  # type: ignore[arg-type]
            for body in bodies:
                httpx.post(f"{cassette.base_url}/x", content=body)
    assert [request.content for request in server.requests] == bodies
    assert lines(path)[3]["request"]["body"] is None
    with pytest.raises(UnmatchedRequestError), Cassette(path) as cassette:
        httpx.post(f"{cassette.base_url}/x", content=b"plain Text")


def test_what_the_block_raises_goes_first(recorded: Path) -> None:
    """The block's own error, not that nothing matched."""
    with pytest.raises(ZeroDivisionError), Cassette(recorded) as cassette:
        ask(cassette.base_url, seed=9)
        raise ZeroDivisionError
    with pytest.raises(UnmatchedRequestError):
        cassette.check()


def test_strict(recorded: Path) -> None:
    """Names what was not requested, when asked to."""
    with Cassette(recorded):
        pass
    with pytest.raises(UnusedExchangeError, match=r"exchange 2, POST /chat/completions, was not") as raised:
        with Cassette(recorded, strict=True) as cassette:
            ask(cassette.base_url, seed=1, **REST)
    assert str(raised.value).count("was not requested") == 2


# ----------------------------------------------------------------------------------- breaks and tries


def test_each_try_is_recorded(server: LocalServer, path: Path) -> None:
    """A client that retries gets the recorded response of each attempt, in order."""
    openai = pytest.importorskip("openai")
    busy = {"type": "RateLimitError", "message": "Slow down."}
    server.reply(*[Reply.json(busy, status=429, headers={"retry-after-ms": "1"})] * 2)
    seen: list[Any] = []
    for settings in ({"upstream": server.base_url, "record": "once"}, {"strict": True}):
        with Cassette(path, **settings) as cassette:  # type: ignore[arg-type]
            with openai.OpenAI(api_key="key", base_url=cassette.base_url, max_retries=2) as client:
                seen.append(client.chat.completions.create(model="a/b", messages=HELLO).id)
            assert len(cassette.requests) == 3
    assert seen == ["chatcmpl-000001"] * 2
    assert [one["response"]["status"] for one in lines(path)] == [429, 429, 200]


def test_a_cut_is_a_cut(server: LocalServer, path: Path, flavour: Flavour) -> None:
    """What came before it, then the same error, from the file as from the server."""
    server.reply(
        Reply.sse([chunk("Hel"), CUT]), Reply(headers={"content-length": "9"}, body=[b"abc", CUT]), Reply.raw([])
    )
    told: list[Any] = []
    for settings in ({"upstream": server.base_url, "record": "once"}, {"strict": True}):
        with Cassette(path, **settings) as cassette:  # type: ignore[arg-type]
            chunks, error = flavour.chunks(cassette.base_url, messages=HELLO)
            assert isinstance(error, APIConnectionError)
            told.append([one.to_dict() for one in chunks])
            told[-1] += [joined(ask(cassette.base_url, n=n)) for n in (2, 3)]
    assert told[0] == told[1]
    assert [one["broke"] for one in told[1][1:]] == ["cut", "cut"]
    assert [one["response"]["ends"] for one in lines(path)] == ["cut"] * 3
    assert "status" not in lines(path)[2]["response"]


def test_a_timeout_is_a_timeout(server: LocalServer, path: Path) -> None:
    """An upstream that stalls is replayed as one, before and within the answer."""
    server.reply(Reply.sse([chunk("Hel"), Pause(math.inf)]), Reply(delay=math.inf))
    seen: list[Any] = []
    for settings in ({"upstream": server.base_url, "record": "once"}, {"strict": True}):
        with Cassette(path, **settings) as cassette:  # type: ignore[arg-type]
            seen.append([joined(ask(cassette.base_url, timeout=0.3, n=n)) for n in (1, 2)])
    assert seen[0] == seen[1]
    assert [(one["status"], one["broke"]) for one in seen[1]] == [(200, "timeout"), (None, "timeout")]


def test_what_is_left_early_is_recorded_whole(server: LocalServer, path: Path) -> None:
    """The whole answer, where it ends soon after the client left, or after the block did."""
    server.reply(*[Reply.sse([chunk("a"), Pause(0.2), chunk("b"), "[DONE]"])] * 2)
    with Cassette(path, upstream=server.base_url, record="once") as cassette:
        with httpx.stream("POST", f"{cassette.base_url}{URL}", json={"n": 1}) as response:
            next(response.iter_raw())
        client = httpx.Client()
        open_one = client.send(client.build_request("POST", f"{cassette.base_url}{URL}", json={"n": 2}), stream=True)
        next(open_one.iter_raw())
    client.close()
    for one in lines(path):
        assert "ends" not in one["response"]
        assert one["response"]["chunks"][-1]["text"] == "data: [DONE]\n\n"


def test_an_upstream_out_of_reach(path: Path) -> None:
    """An error that no client tries again, and one from the block; nothing is written down."""
    with LocalServer() as gone:
        address = gone.base_url
    with pytest.raises(RecordingError, match="could not be forwarded"):
        with Cassette(path, upstream=address, record="once") as cassette:
            seen = ask(cassette.base_url)
    assert seen["status"] == 400
    assert json.loads(seen["pieces"][0])["type"] == "RecordingError"
    assert lines(path) == []


# ------------------------------------------------------------------------------------------------ the file


def test_many_at_once(server: LocalServer, path: Path) -> None:
    """A line for each of 40 requests under way together, in the order in which they came; and 40 answers from them."""
    server.reply(*[lambda request: Reply.json(request.body["seed"], delay=0.2)] * 40)

    def together(base_url: str) -> dict[int, Any]:
        async def run() -> list[Any]:
            async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
                return await asyncio.gather(*(client.post(f"{base_url}{URL}", json={"seed": n}) for n in range(40)))

        return {json.loads(one.request.content)["seed"]: one.json() for one in asyncio.run(run())}

    with Cassette(path, upstream=server.base_url, record="once") as cassette:
        begun = time.monotonic()
        recorded = together(cassette.base_url)
        assert time.monotonic() - begun < 4  # not one after the other
        order = [request.body["seed"] for request in cassette.requests]
    assert [one["request"]["body"]["seed"] for one in lines(path)] == order
    with Cassette(path, strict=True) as cassette:
        assert together(cassette.base_url) == recorded == {n: n for n in range(40)}


def test_the_file_is_whole_at_any_time(server: LocalServer, path: Path) -> None:
    """The old file until the new one takes its place, and nothing beside it."""
    with Cassette(path, upstream=server.base_url, record="once") as cassette:
        ask(cassette.base_url)
    before, seen = path.read_bytes(), set[bytes]()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    watcher = threading.Thread(target=look)
    watcher.start()
    server.reply(Reply.json({"text": "x" * 3_000_000}))
    try:
        with pytest.raises(ZeroDivisionError), Cassette(path, upstream=server.base_url, record="all") as cassette:
            ask(cassette.base_url)
            raise ZeroDivisionError
    finally:
        done.set()
        watcher.join()
    assert seen <= {before, path.read_bytes()}
    assert list(path.parent.iterdir()) == [path]
    assert len(lines(path)) == 1


def test_a_person_may_edit_it(recorded: Path) -> None:
    """The edited text, with a length that fits it."""
    recorded.write_text(recorded.read_text("utf-8").replace("Hello from the local server!", "Ünd so weiter."), "utf-8")
    with Cassette(recorded) as cassette, Opper(api_key="key", base_url=cassette.base_url) as client:
        extra: Any = {"seed": 2, "metadata": {"run": "a", "who": "me"}}
        answer = client.chat.completions.create(messages=HELLO, extra_body=extra)  # type: ignore[arg-type]
    assert answer.choices[0].message.content == "Ünd so weiter. You said: Hello"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: expected"),
        ('{"cassette": 2}', "line 1: expected version 1 of cassettes, got 2"),
        ('{"cassette": 1}\n\n{"request": {"method": "GET"}}', r"line 3: .*missing required field `path`"),
        ('{"cassette": 1}\n{"request": {"method": "GET", "path": "/", "bdy": 1}, "response": {}}', "line 2: .*bdy"),
        ('{"cassette": 1}\n{"request": {"method": "GET", "path": "/", "base64": "%"}, "response": {}}', "line 2: "),
        (
            '{"cassette": 1}\n{"request": {"method": "GET", "path": "/"}, "response": {"headers": {"x":"✓"}}}',
            "line 2: ",
        ),
        ('{"cassette": 1}\n{"request": ', "line 2: "),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, text: str, told: str) -> None:
    """The file, the line and the place."""
    path = tmp_path / "broken.jsonl"
    path.write_text(text, "utf-8")
    with pytest.raises(CassetteFileError, match=told) as raised, Cassette(path):
        pass
    assert str(path) in str(raised.value)


def test_assertions_on_a_cassette(recorded: Path) -> None:
    """What was sent, as on a local server."""
    with Cassette(recorded) as cassette:
        ask(cassette.base_url, seed=2, **REST)
        assert cassette.assert_sent(seed=2, messages=HELLO) is cassette.last_request
