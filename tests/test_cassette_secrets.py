"""No key, cookie or account gets into a cassette: the bytes of the file are searched for every form of each."""

import json
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opper_chat import Opper
from opper_chat.testing import CUT, Cassette, LocalServer, Pause, RecordingError, Reply, UnmatchedRequestError, chunk

KEY = "op-Zq7/x+9&Lm?4 ~Tr=8".replace(" ", "")
"""A key whose forms all differ: it has what addresses, JSON and base64 write in their own ways."""

USER = {"messages": [{"role": "user", "content": "Hello"}]}


def lower_hex(text: str) -> str:
    return re.sub("%..", lambda found: found[0].lower(), text)


def escaped(text: str, written: str, *, letters: bool = True) -> str:
    """Every character, or all but letters and digits, written by its number."""
    return "".join([one if one.isalnum() and not letters else written.format(ord(one)) for one in text])


def forms(secret: str) -> Iterator[bytes]:
    """Every way in which a text may be written, each long enough that it is not there by chance."""
    raw = secret.encode()
    yield from (raw, quote(secret).encode(), quote(secret, safe="").encode(), quote_plus(secret).encode())
    yield lower_hex(quote(secret, safe="")).encode()
    yield from (secret.upper().encode(), secret.lower().encode(), raw.hex().encode(), raw.hex().upper().encode())
    for written in ("%{:02x}", "%{:02X}", "\\u{:04x}", "\\\\u{:04x}"):
        yield escaped(secret, written).encode()
        yield escaped(secret, written, letters=False).encode()
    yield json.dumps(secret)[1:-1].replace("/", "\\/").encode()
    for before in range(3):
        for encode in (b64encode, urlsafe_b64encode):
            # Without the letters at both ends, which depend on what is beside it.
            yield encode(b"x" * before + raw)[4:-4]


def without(path: Path, *secrets: str) -> str:
    """Check that none of the secrets is in a file, nor in what it holds in base64, and return its text."""
    content = path.read_bytes()
    packed = [
        b64decode(piece["base64"])
        for line in content.splitlines()[1:]
        for piece in [json.loads(line)["request"], *json.loads(line)["response"].get("chunks", [])]
        if "base64" in piece
    ]
    for secret in secrets:
        for form in forms(secret):
            for place in (content, *packed):
                assert form not in place, (form, content.decode())
    return content.decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "it.jsonl"


def record(server: LocalServer, path: Path, reply: Reply, request: dict[str, Any] | None = None, **options: Any) -> str:
    """Record one exchange of a request with a key, and return what the client got."""
    server.reply(reply)
    with Cassette(path, upstream=server.base_url, record="all", **options) as cassette:
        sent = {"headers": {"authorization": f"Bearer {KEY}"}, "json": USER, **(request or {})}
        return httpx.post(f"{cassette.base_url}/chat/completions", **sent).text


def test_the_key_of_a_client(server: LocalServer, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the file, although the upstream got it; and neither is the environment's, which was not even sent."""
    seen: list[str] = []

    def echo(request: Any) -> Reply:
        return Reply.json({"key": f"{KEY} other-key-in-environment"})

    monkeypatch.setenv("OPPER_HTTP_BEARER", "other-key-in-environment")
    server.reply(echo)
    with LocalServer(keys=[KEY]) as strict:
        with Cassette(path, upstream=strict.base_url, record="all") as cassette:
            with Opper(api_key=KEY, base_url=cassette.base_url) as client:
                seen.append(client.chat.completions.create(messages=[{"role": "user", "content": KEY}]).id)
    assert seen == ["chatcmpl-000001"]
    assert "You said: ***" in without(path, KEY)
    with Cassette(path, upstream=server.base_url, record="all") as cassette:
        httpx.post(f"{cassette.base_url}/chat/completions", json=USER)
    assert '"{\\"key\\":\\"op-' in without(path, "other-key-in-environment")


@pytest.mark.parametrize("form", range(24))
def test_a_key_that_is_echoed(server: LocalServer, path: Path, form: int) -> None:
    """In no form, while the client gets the answer as it is."""
    raw = KEY.encode()
    every = [
        KEY, json.dumps(KEY), KEY.replace("/", "\\/"), quote(KEY), quote(KEY, safe=""), lower_hex(quote_plus(KEY)),
        b64encode(raw).decode(), b64encode(b"user:" + raw + b"\n").decode(), b64encode(raw + b":").decode(),
        urlsafe_b64encode(b"a" + raw).decode(), urlsafe_b64encode(b"ab" + raw + b"c").decode(), f"{KEY}{KEY}",
        KEY.upper(), KEY.lower(), raw.hex(), raw.hex().upper(),
        *[
            escaped(KEY, written, letters=letters)
            for written in ("%{:02x}", "%{:02X}", "\\u{:04x}", "\\u{:04X}")
            for letters in (True, False)
        ],
    ]  # fmt: skip
    text = f"before {every[form]} after"
    assert record(server, path, Reply(body=text.encode())) == text
    kept = without(path, KEY)
    assert "before " in kept
    assert " after" in kept
    assert "***" in kept


def test_everywhere_in_a_request(server: LocalServer, path: Path) -> None:
    """Neither in path, query, body and names of members, nor in headers of their own or Basic credentials."""
    body = {**USER, "metadata": {KEY: [f"x{KEY}y"], "n": 1}}
    headers = {"x-api-key": "another-key-1", "cookie": "session=cookie-value-2; theme=dark", "x-auth-token": "tok-en-3"}
    answer = Reply.json({"seen": ["another-key-1", "cookie-value-2", "tok-en-3", "password-4"]})
    server.reply(answer)
    with Cassette(path, upstream=server.base_url, record="all") as cassette:
        query = f"?api_key={quote(KEY)}&key=query-key-5&n=1"
        httpx.post(
            f"{cassette.base_url}/{quote(KEY, safe='')}{query}", json=body, headers=headers, auth=("me", "password-4")
        )
    secrets = (KEY, "another-key-1", "cookie-value-2", "tok-en-3", "password-4", "me:password-4", "query-key-5")
    assert "api_key=***&key=***&n=1" in without(path, *secrets)
    asked = json.loads(path.read_bytes().splitlines()[1])["request"]
    assert asked["body"]["metadata"] == {"***": ["x***y"], "n": 1}
    assert asked["path"] == "/***"


def test_headers_of_an_answer(server: LocalServer, path: Path) -> None:
    """Accounts and cookies are left out, and their ids out of the body; request ids and limits stay."""
    reply = Reply.json(
        {"of": "org-12345abc", "by": "proj_6789xyz", "plan": "personal"},
        headers={
            "openai-organization": "org-12345abc",
            "openai-project": "proj_6789xyz",
            "x-account-name": "personal",
            "set-cookie": "__cf_bm=cookie12345; path=/; HttpOnly",
            "x-request-id": "req_77",
            "x-ratelimit-remaining-tokens": "149984",
            "retry-after": "3",
            "location": f"https://api.example/?sig={KEY}",
        },
    )
    record(server, path, reply)
    kept = json.loads(path.read_bytes().splitlines()[1])["response"]
    without(path, KEY, "org-12345abc", "proj_6789xyz", "cookie12345")
    assert "personal" in kept["chunks"][0]["text"]  # a word, not an id
    kept["headers"].pop("content-length")
    assert kept["headers"] == {
        "content-type": "application/json",
        "x-request-id": "req_77",
        "x-ratelimit-remaining-tokens": "149984",
        "retry-after": "3",
        "location": "https://api.example/?sig=***",
    }


@pytest.mark.parametrize(
    "name",
    [
        "x-orgid", "x-org-id", "X-AccountId", "x-account-id", "x-user", "x-userid", "x-username", "X_User_Name",
        "x-organizationid", "x-organization-slug", "x-organisation", "x-projectname", "x-project-id", "x-tenantid",
        "x-tenant", "x-vendor-orgid", "x-accesskey", "x-authtoken", "x-sessionid", "apikey",
    ],
)  # fmt: skip
def test_names_of_headers(server: LocalServer, path: Path, name: str) -> None:
    """However they are spelled; those of counts and of single requests are others."""
    shown = {"x-request-id": "req_77", "x-ratelimit-remaining-tokens": "149984", "x-used-tokens": "12345678"}
    record(server, path, Reply.json({"by": "of-12345abc"}, headers={name: "of-12345abc", **shown}))
    kept = json.loads(without(path, "of-12345abc").splitlines()[1])["response"]["headers"]
    assert kept == {**shown, "content-type": "application/json", "content-length": "12"}


@pytest.mark.parametrize("fallbacks", [False, True])
@pytest.mark.parametrize("member", ["extra_headers", "extraHeaders"])
def test_the_headers_of_a_model(server: LocalServer, path: Path, member: str, fallbacks: bool) -> None:
    """None of their values, by whatever name, there or in an answer; a test with others replays it."""

    def ask(value: str) -> dict[str, Any]:
        headers = {"X-Vendor": f"{value}-vendor", "Authorization": f"Bearer {value}-bearer", "X-Pin": 1234567890}
        headers["Content-Type"] = "application/json"
        model = {"name": "a/b", member: headers}
        return {"json": {**USER, "model": ["c/d", {**model}, {**model}] if fallbacks else model, "after": "kept"}}

    said = {"error": {"message": "no such key: wordsonly-bearer", "got": ask("wordsonly")["json"]}}
    record(server, path, Reply.json(said, status=401, headers={"x-seen": "wordsonly-vendor"}), ask("wordsonly"))
    asked = json.loads(without(path, "wordsonly-vendor", "wordsonly-bearer", "1234567890").splitlines()[1])
    model = asked["request"]["body"]["model"]
    names = ["X-Vendor", "Authorization", "X-Pin", "Content-Type"]
    assert model == (["c/d", *[{"name": "a/b", member: dict.fromkeys(names, "***")}] * 2] if fallbacks else {
        "name": "a/b", member: dict.fromkeys(names, "***")
    })  # fmt: skip
    with Cassette(path) as cassette:
        response = httpx.post(f"{cassette.base_url}/chat/completions", **ask("another"))
    assert response.headers["content-type"] == "application/json"
    error = response.json()["error"]
    assert error["message"] == "no such key: ***"
    assert error["got"]["after"] == "kept"


def test_headers_of_a_model_in_what_is_not_whole(server: LocalServer, path: Path) -> None:
    """Out of an answer that tells others than were sent, nested and cut."""
    told = '{"extra_headers": {"a": ["vendor-one", {"b": "vendor-two"}], "c": 7, "d": "vendor-thr'
    record(server, path, Reply.sse([{"extra_headers": {"x": "vendor-four"}, "y": "kept"}, told]))
    kept = without(path, "vendor-one", "vendor-two", "vendor-thr", "vendor-four")
    assert '\\"y\\":\\"kept\\"' in kept


NAMES = [
    "Authorization", "apiKey", "api-key", "API_KEY", "accessKey", "accesskey", "token", "access_token", "authToken",
    "secretKey", "password", "client_secret", "Client-Secret", "aws_secret_access_key", "refresh.token", "credentials",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_members_and_parameters(server: LocalServer, path: Path, name: str) -> None:
    """In question, answer and query, whatever the letters and what is between the words; and their values elsewhere."""
    request = {"json": {**USER, "provider": {name: "vendor-5551"}, "n": 1}, "params": {name: "vendor-5552", "n": "1"}}
    answer = {"account": [{name: "vendor-5553"}], "text": "vendor-5551, vendor-5552, vendor-5553"}
    record(server, path, Reply.json(answer), request)
    exchange = json.loads(without(path, "vendor-5551", "vendor-5552", "vendor-5553").splitlines()[1])
    assert exchange["request"]["query"] == f"{name}=***&n=1"
    assert exchange["request"]["body"] == {**USER, "provider": {name: "***"}, "n": 1}
    assert json.loads(exchange["response"]["chunks"][0]["text"])["text"] == "***, ***, ***"


@pytest.mark.parametrize("streamed", [False, True])
def test_what_is_named_alike(server: LocalServer, path: Path, streamed: bool) -> None:
    """Counts, the words of a model and the user's own ids come through, in every byte."""
    tokens = [{"token": "Hello-12345", "bytes": [72], "logprob": -0.5, "top_logprobs": [{"token": "Hello-12345"}]}]
    body = {
        "max_tokens": 16, "max_completion_tokens": 17, "prompt_cache_key": "cache-12345", "user": "user-12345",
        "safety_identifier": "safe-12345", "parent_span_id": "span-12345", "key": "of-a-map-1", "logprobs": True,
        "tools": [{"parameters": {"properties": {"token": {"type": "string"}, "password": {"type": "string"}}}}],
    }  # fmt: skip
    answer = {
        "choices": [{"index": 0, "logprobs": {"content": tokens, "refusal": tokens}}],
        "usage": {"prompt_tokens": 11, "total_tokens": 12}, "signature": "of-thought-1", **body,
    }  # fmt: skip
    reply = Reply.sse([answer, answer]) if streamed else Reply.json(answer)
    said = record(server, path, reply, {"json": {**USER, **body}})
    exchange = json.loads(path.read_bytes().splitlines()[1])
    assert exchange["request"]["body"] == {**USER, **body}
    assert "".join(piece["text"] for piece in exchange["response"]["chunks"]) == said
    # Beside them it is a credential still.
    record(server, path, Reply.json({**answer, "token": "token-12345"}))
    without(path, "token-12345")


def test_a_key_across_pieces(server: LocalServer, path: Path) -> None:
    """Out of all the pieces on which it lies, one of which is nothing else, with every other byte where it was."""
    cut = [b"data: " + KEY[:3].encode(), KEY[3:9].encode(), KEY[9:].encode() + b" \xc3", b"\xbc\n\n"]
    record(server, path, Reply.sse([part for piece in cut for part in (piece, Pause(0.03))]))
    without(path, KEY)
    with Cassette(path) as cassette:
        response = httpx.post(f"{cassette.base_url}/chat/completions", json=USER)
    assert response.content == "data: *** ü\n\n".encode()


def test_a_key_that_a_model_spells_out(server: LocalServer, path: Path) -> None:
    """Out of the text of each choice and the arguments of a call, however many events it takes to say them."""
    text = f'first "{KEY}", then {KEY}{KEY}; Ünd acct_99.'

    def say(letters: str) -> list[dict[str, object]]:
        call = {"index": 3, "function": {"arguments": letters}}
        return [chunk(letters), chunk(letters, index=1), chunk(index=2, delta={"tool_calls": [call]})]

    events = [event for at in range(0, len(text), 3) for event in say(text[at : at + 3])]
    record(server, path, Reply.sse([*events, "[DONE]"]), scrub=lambda text: re.findall(r"acct_\d+", text))
    without(path, KEY, "acct_99")
    with Cassette(path) as cassette:
        body = httpx.post(f"{cassette.base_url}/chat/completions", json=USER).text
    said = ["", "", ""]
    for line in body.split("\n\n")[:-2]:
        choice = json.loads(line.removeprefix("data: "))["choices"][0]
        calls = choice["delta"].get("tool_calls")
        said[choice["index"]] += calls[0]["function"]["arguments"] if calls else choice["delta"]["content"]
    assert said == ['first "***", then ******; Ünd ***.'] * 3


@pytest.mark.parametrize("spelled", [False, True])
def test_a_key_that_is_cut(server: LocalServer, path: Path, spelled: bool) -> None:
    """Not even the beginning of it, at the end of an answer that broke there."""
    begun = KEY[:15]
    sent = [chunk(begun[at : at + 2]) for at in range(0, 15, 2)] if spelled else [f"the key is {begun}".encode()]
    with pytest.raises(httpx.RemoteProtocolError):
        record(server, path, Reply.sse([*sent, CUT]))
    assert "***" in without(path, KEY)
    assert begun[4:] not in without(path)
    if spelled:
        pieces = json.loads(path.read_bytes().splitlines()[1])["response"]["chunks"]
        said = [json.loads(piece["text"].removeprefix("data: ")) for piece in pieces]
        assert [one["choices"][0]["delta"]["content"] for one in said] == ["***", *[""] * 7]


def test_a_length_that_no_longer_fits(server: LocalServer, path: Path) -> None:
    """A body that is whole has its new length; one that was cut lacks as much as before."""
    body = f'{{"key": "{KEY}"}}'.encode()
    record(server, path, Reply(body=body))
    with Cassette(path) as cassette:
        assert httpx.post(f"{cassette.base_url}/chat/completions", json=USER).json() == {"key": "***"}
    server.reply(Reply(headers={"content-length": str(len(body) + 5)}, body=[body]))
    with Cassette(path, upstream=server.base_url, record="all") as cassette:
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(f"{cassette.base_url}/chat/completions", json=USER, headers={"authorization": f"Bearer {KEY}"})
    without(path, KEY)
    with Cassette(path) as cassette, pytest.raises(httpx.RemoteProtocolError, match="received 14 bytes, expected 19"):
        httpx.post(f"{cassette.base_url}/chat/completions", json=USER)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_key_in_a_compressed_body(server: LocalServer, path: Path, encoding: Any) -> None:
    """Unpacked, so that it can be taken out."""
    record(server, path, Reply.json({"key": KEY}, encoding=encoding))
    assert "content-encoding" not in without(path, KEY)
    with Cassette(path) as cassette:
        assert httpx.post(f"{cassette.base_url}/chat/completions", json=USER).json() == {"key": "***"}


def test_a_body_that_cannot_be_looked_into(server: LocalServer, path: Path) -> None:
    """An error, and nothing in the file."""
    with pytest.raises(RecordingError, match="content coding 'br'"):
        record(server, path, Reply(headers={"content-encoding": "br"}, body=b""))
    assert len(path.read_bytes().splitlines()) == 1


def test_a_key_that_a_later_request_tells(server: LocalServer, path: Path) -> None:
    """Also out of what came before it was known."""
    server.reply(Reply.json({"key": KEY}))
    with Cassette(path, upstream=server.base_url, record="all") as cassette:
        httpx.post(f"{cassette.base_url}/chat/completions", json=USER)
        httpx.post(f"{cassette.base_url}/chat/completions", json=USER, headers={"authorization": f"Bearer {KEY}"})
    without(path, KEY)


def test_names_of_the_users_own(server: LocalServer, path: Path) -> None:
    """Headers, members and whatever a function finds, in question and answer, plain and streamed."""
    options: Any = {
        "scrub_headers": ["X-Region"],
        "scrub_properties": ["email", "age", "address"],
        "scrub": lambda text: re.findall(r"acct_\w+", text),
    }
    person = {"email": 'ann "a" <a@b.example>', "age": 42, "address": {"street": "Elm"}, "name": "Ann"}
    request = {"json": {**USER, "metadata": person, "note": "acct_x1 and acct_Ü2"}}
    events = [person, {"delta": {"email": "b@c.example"}, "at": "acct_x1/acct_Ü2"}, '{"email": "cut@off']
    record(server, path, Reply.sse(events, headers={"x-region": "eu"}), request, **options)
    kept = without(path, "a@b.example", "b@c.example", "cut@off", "acct_x1", "acct_Ü2", "x-region")
    asked = json.loads(kept.splitlines()[1])["request"]["body"]
    assert asked["metadata"] == {"email": "***", "age": "***", "address": "***", "name": "Ann"}
    assert asked["note"] == "*** and ***"
    assert '\\"age\\":0' in kept
    # A request with other values for them is the same request.
    request["json"]["metadata"] = {"email": "else@b.example", "age": 1, "address": "x", "name": "Ann"}
    with Cassette(path, repeat=True, **options) as cassette:
        for escaped in (True, False):
            body = json.dumps(request["json"], ensure_ascii=escaped).encode()
            assert httpx.post(f"{cassette.base_url}/chat/completions", content=body).status_code == 200


def test_a_replayed_key_matches_a_recorded_one(server: LocalServer, path: Path) -> None:
    """Although the bodies hold the key, and the keys differ; a difference shows neither."""
    request = {"json": {**USER, "note": f"key {KEY}"}}
    record(server, path, Reply.json(1), request)
    other = {"json": {**USER, "note": "key other-key-123"}, "headers": {"authorization": "Bearer other-key-123"}}
    with Cassette(path) as cassette:
        assert httpx.post(f"{cassette.base_url}/chat/completions", **other).json() == 1
    other["json"]["note"] = "the key other-key-123"
    with pytest.raises(UnmatchedRequestError, match=r"note: expected 'key \*\*\*', got 'the key \*\*\*'"):
        with Cassette(path) as cassette:
            httpx.post(f"{cassette.base_url}/chat/completions", **other)


def test_short_words_stay(server: LocalServer, path: Path) -> None:
    """A key of three letters is not sent on to the file, but the word that it is stays a word."""
    record(server, path, Reply.json({"text": "the end"}), {"headers": {"authorization": "Bearer end"}})
    assert "the end" in path.read_text("utf-8")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_whatever_the_body_and_the_pieces(server: LocalServer, tmp_path: Path, data: st.DataObject) -> None:
    """A body in any pieces with a key anywhere is the same body with `***` for each key."""
    key = "kk-secret-7"
    parts = data.draw(st.lists(st.binary(max_size=6) | st.just(key.encode()) | st.just(key[:5].encode()), max_size=8))
    body = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=6)))
    pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    path = tmp_path / "any.jsonl"
    server.reply(Reply(body=pieces))
    with Cassette(path, upstream=server.base_url, record="all") as cassette:
        sent = httpx.post(f"{cassette.base_url}/x", json=USER, headers={"authorization": f"Bearer {key}"}).content
    assert sent == body
    with Cassette(path) as cassette:
        assert httpx.post(f"{cassette.base_url}/x", json=USER).content == body.replace(key.encode(), b"***")
