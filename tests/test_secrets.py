"""Credentials in the wrong place: an error that names the place and never the credential."""

import copy
import html
import json
import pickle
import re
import traceback
from collections.abc import Callable
from time import process_time
from typing import Any
from urllib.parse import quote, unquote

import pytest
from flavours import HELLO, Flavour
from http_library import httpx
from opper_chat import APIConnectionError, APIError, AsyncOpper, InvalidArgumentError, Opper
from opper_chat._errors.secret_names import is_secret_argument, is_secret_header, is_secret_property
from opper_chat._requests.prepare import prepare
from opper_chat.testing import LocalServer, Reply, chunk
from opper_chat_api import AuthenticatedClient

SECRET = "sk-" + "sesame" * 3


@pytest.mark.parametrize(
    "arguments",
    [
        {"api_key": SECRET},
        {"authorization": f"Bearer {SECRET}"},
        {"model": {"name": "x", "extra_headers": SECRET}},
        {"model": {"name": "x", "extra_headers": {"Authorization": [SECRET]}}},
        {"model": ["y", {"name": "x", "extra_headers": [SECRET]}]},
    ],
)
def test_a_parameter_that_may_hold_a_credential_is_not_shown(arguments: dict[str, Any]) -> None:
    """An error without it, in its text, its attributes and its pickle."""
    with pytest.raises(InvalidArgumentError) as caught:
        prepare({"messages": HELLO, **arguments})
    told = f"{caught.value} {vars(caught.value)} {pickle.dumps(caught.value)!r}"
    assert SECRET not in told
    assert "not shown" in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"extra_headers": [("Authorization", SECRET)]},
        {"extra_headers": {"Authorization": f"{SECRET}\n"}},
        {"extra_headers": {"X-Name": f"{SECRET}é"}},
        {"extra_headers": {"X-Name": SECRET.encode()}},
        {"extra_query": {"key": [SECRET]}},
        {"extra_query": [SECRET]},
    ],
)
def test_an_option_that_may_hold_a_credential_is_not_shown(options: dict[str, Any]) -> None:
    """The same for what goes beside the parameters."""
    with pytest.raises(InvalidArgumentError) as caught:
        prepare({"messages": HELLO}, **options)
    assert SECRET not in f"{caught.value} {vars(caught.value)}"


def test_a_key_in_the_address_is_not_shown() -> None:
    """An error that says what is wrong with the address, and not the address."""
    with pytest.raises(InvalidArgumentError, match="not shown") as caught:
        Opper(api_key="key", base_url=f"https://host/v1?key={SECRET}")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", ["Bad Name", "", "Übel", "a:b", 5])
def test_a_header_name_that_http_has_no_form_for(name: Any) -> None:
    """An error before anything is sent, not a connection error after."""
    with pytest.raises(InvalidArgumentError, match="extra_headers"):
        prepare({"messages": HELLO}, extra_headers={name: "x"})


def test_a_generated_client_is_not_pickled_with_its_token() -> None:
    """A refusal, and a copy that works."""
    client = AuthenticatedClient(base_url="http://127.0.0.1:1", token=SECRET)
    with pytest.raises(TypeError, match="token"):
        pickle.dumps(client)
    assert client.with_headers({"a": "b"}).token == SECRET


def test_a_value_that_contains_itself_is_refused() -> None:
    """An error that names the argument, not a RecursionError."""
    tags: dict[str, Any] = {}
    tags["tags"] = tags
    for arguments, options in (({"tags": tags}, {}), ({}, {"extra_body": tags})):
        with pytest.raises(InvalidArgumentError, match="does not contain itself"):
            prepare({"messages": HELLO, **arguments}, **options)


def test_a_stream_is_asked_for_in_one_way_only() -> None:
    """A refusal of `stream` in extra_body, which would send one thing and read another."""
    with pytest.raises(InvalidArgumentError, match="Use the argument stream"):
        prepare({"messages": HELLO}, extra_body={"stream": True})


def test_a_closed_client_says_so(server: LocalServer, flavour: Flavour) -> None:
    """A connection error of this package."""
    kind = Opper if flavour.kind == "sync" else AsyncOpper

    def use(client: Any) -> Any:
        if flavour.kind == "sync":
            client.close()
            return client.chat.completions.create(messages=HELLO)

        async def run() -> Any:
            await client.close()
            return await client.chat.completions.create(messages=HELLO)

        return run()

    assert kind
    with pytest.raises(APIConnectionError, match="closed"):
        flavour(use, api_key="key", base_url=server.base_url)


@pytest.mark.parametrize("own", [5, "client", httpx.AsyncClient])
def test_an_http_client_of_the_wrong_kind_is_refused(own: Any) -> None:
    """An error that names the argument and what is accepted."""
    given = own() if callable(own) else own
    with pytest.raises(InvalidArgumentError, match=r"http_client: expected an httpx\.Client"):
        Opper(api_key="key", http_client=given)


def test_a_client_that_could_not_be_made_has_a_repr() -> None:
    """Some text, where an error reporter looks at the locals of a failed call."""
    assert repr(object.__new__(Opper)) == "Opper(base_url=None)"


def test_an_answer_without_role_goes_back_with_one(server: LocalServer, flavour: Flavour) -> None:
    """The role that the server left out, and the server accepts its own message."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    server.reply(Reply.json({"choices": [{"message": {"content": None, "tool_calls": [call]}}]}))
    message = flavour.create(server.base_url, messages=HELLO).choices[0].message
    result = {"role": "tool", "tool_call_id": "c", "content": "x"}
    flavour.create(server.base_url, messages=[*HELLO, message, result])
    assert server.requests[-1].body["messages"][1]["role"] == "assistant"
    flavour.create(server.base_url, messages=[*HELLO, message.to_dict(), result])
    assert server.requests[-1].body["messages"][1] == server.requests[-2].body["messages"][1]
    assert copy.copy(message).to_dict()["role"] == "assistant"


ODD_KEY = 'op/en+"<&' + "Sesame" * 3
REPEATED: dict[str, Callable[[str], str]] = {
    "as it is": lambda key: key,
    "in capitals": str.upper,
    "in small letters": str.lower,
    "as JSON": lambda key: json.dumps(key)[1:-1],
    "as JSON with slashes escaped": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "as HTML": html.escape,
    "as a URL": lambda key: quote(key, safe=""),
    "as a path": quote,
}


@pytest.mark.parametrize("form", REPEATED)
@pytest.mark.parametrize("key", [SECRET, ODD_KEY])
@pytest.mark.parametrize("status", [200, 401])
@pytest.mark.parametrize("way", ["create", "stream", "raw", "raw json", "streaming parse", "streaming json"])
def test_a_repeated_key_is_in_no_error(
    server: LocalServer, flavour: Flavour, way: str, status: int, key: str, form: str
) -> None:
    """However the server spells it and however the response is read; its headers are without it too."""
    repeated = REPEATED[form](key)
    body = (
        f"Bad key {repeated}!".encode()
        if way.endswith("json")
        else json.dumps({"error": {"message": repeated}}).encode()
    )
    server.reply(Reply(status, {"content-type": "application/json", "x-echo": f"Bearer {repeated}"}, body))

    def call(client: Opper) -> None:
        completions: Any = client.chat.completions
        if way in ("create", "stream"):
            completions.create(messages=HELLO, **({"stream": True} if way == "stream" else {})).get_final_text()
        elif way.startswith("raw"):
            raw = completions.with_raw_response.create(messages=HELLO)
            assert form == "as it is" or repeated not in str(raw.headers)
            raw.json() if way == "raw json" else raw.parse()
        else:
            with completions.with_streaming_response.create(messages=HELLO) as streamed:
                streamed.json() if way == "streaming json" else streamed.parse()

    async def call_async(client: AsyncOpper) -> None:
        completions: Any = client.chat.completions
        if way in ("create", "stream"):
            answer = await completions.create(messages=HELLO, **({"stream": True} if way == "stream" else {}))
            await answer.get_final_text()
        elif way.startswith("raw"):
            raw = await completions.with_raw_response.create(messages=HELLO)
            raw.json() if way == "raw json" else raw.parse()
        else:
            async with completions.with_streaming_response.create(messages=HELLO) as streamed:
                await (streamed.json() if way == "streaming json" else streamed.parse())

    with pytest.raises(APIError) as caught:
        flavour(call if flavour.kind == "sync" else call_async, api_key=key, base_url=server.base_url)
    error = caught.value
    assert error.response is not None
    told = [str(error), repr(error), error.message, error.raw_body.decode(), error.response.text, str(error.body)]
    told += [str(error.headers), str(error.request and error.request.headers), str(error.attempts)]
    told += [pickle.dumps(error).decode("latin-1"), "".join(traceback.format_exception(error))]
    for text in told:
        assert repeated.lower() not in text.lower()
        assert key.lower() not in text.lower()
    assert "[removed]" in error.raw_body.decode()
    assert "[removed]" in error.headers["x-echo"]


KEY = "sk-Opper-SesameOpen42xyz"


def escaped(form: str, only: str = KEY) -> str:
    """Return the key with some of its characters written in a form of `str.format`."""
    return "".join(form.format(ord(character)) if character in only else character for character in KEY)


ESCAPED = {
    "hyphens in a URL": escaped("%{:02X}", "-"),
    "hyphens in a URL, small letters": escaped("%{:02x}", "-").lower(),
    "all in a URL": escaped("%{:02X}"),
    "in a URL twice": escaped("%25{:02X}", "-"),
    "hyphens in HTML": escaped("&#{};", "-"),
    "hyphens in HTML, hexadecimal": escaped("&#x{:x};", "-"),
    "all in HTML, capitals": escaped("&#X{:X};").upper(),
    "all in HTML, with zeros": escaped("&#{:07};"),
    "in HTML twice": escaped("&amp;#{};", "-O"),
    "letters in JSON": escaped("\\u{:04x}", "Sen"),
    "all in JSON, capitals": escaped("\\u{:04X}"),
    "in JSON twice": escaped("\\\\u{:04x}", "-s"),
    "in JSON three times": escaped("\\\\\\\\u{:04x}", "-"),
    "HTML in a URL": quote(escaped("&#{};", "-"), safe=""),
    "each in its own way": KEY.replace("-", "%2d").replace("O", "&#79;").replace("S", "\\u0053").replace("z", "&#x7A;"),
}
assert len(set(ESCAPED.values())) == len(ESCAPED)


def decoded(text: str) -> str:
    """Return a text with its escapes decoded, however often it was escaped."""
    for _ in range(6):
        text = html.unescape(unquote(text)).replace("\\\\", "\\")
        text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    return text.lower()


@pytest.mark.parametrize("form", ESCAPED)
@pytest.mark.parametrize("way", ["create", "stream", "in a stream"])
@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
def test_a_key_with_escaped_characters_is_in_no_error_and_no_log(
    server: LocalServer,
    flavour: Flavour,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    way: str,
    content_type: str,
) -> None:
    """The rest of what the server sent is there, and nothing from which the key can be read."""
    repeated = ESCAPED[form]
    body = f"Café %20, &lt; 100%: wrong key '{repeated}'! &amp; &unknown; [%2D]"
    if content_type == "application/json":
        body = f'{{"error": {{"message": "{body}", "code": "code-{repeated}"}}}}'
    headers = {"content-type": content_type, "x-echo": f"Bearer {repeated}, 50%", "x-request-id": f"id-{repeated}"}
    reply = Reply(401, headers, body.encode())
    if way == "in a stream":
        event = json.dumps(chunk("Hi")) + "\n\ndata: " + json.dumps({"error": {"message": repeated, "code": repeated}})
        reply = Reply(200, {**headers, "content-type": "text/event-stream"}, f"data: {event}\n\n".encode())
    server.reply(reply)
    caplog.set_level("DEBUG", "opper_chat")
    monkeypatch.setattr("opper_chat._observability.logging.log.content", True)

    def call(client: Any) -> Any:
        made = client.chat.completions.create(messages=HELLO, stream=way != "create")
        return made.get_final_text() if way != "create" else made

    async def call_async(client: Any) -> Any:
        made = await client.chat.completions.create(messages=HELLO, stream=way != "create")
        return await made.get_final_text() if way != "create" else made

    with pytest.raises(APIError) as caught:
        flavour(call if flavour.kind == "sync" else call_async, api_key=KEY, base_url=server.base_url)
    error = caught.value
    assert error.response is not None
    shown = [str(error), repr(error), error.message, error.raw_body.decode(), error.response.text, repr(error.body)]
    shown += [json.dumps(error.body), str(error.headers), str(error.request_id), str(error.attempts), repr(vars(error))]
    shown += [pickle.dumps(error).decode("latin-1"), "".join(traceback.format_exception(error)), caplog.text]
    for text in shown:
        assert KEY.lower() not in decoded(text)
    assert "[removed]" in caplog.text
    assert error.headers["x-echo"] == "Bearer [removed], 50%"
    assert error.request_id == "id-[removed]"
    if way != "in a stream":
        assert error.raw_body == body.replace(repeated, "[removed]").encode()


@pytest.mark.parametrize(
    "text", ['\\"' * 100_000, "%25" * 100_000, "&#0" * 100_000, "&" * 300_000, "&#" + "0" * 300_000]
)
def test_the_search_for_a_key_takes_time_in_proportion(server: LocalServer, flavour: Flavour, text: str) -> None:
    """Also in an error that is nothing but the beginnings of escapes."""
    server.reply(Reply(400, {"content-type": "text/plain"}, text.encode()))
    began = process_time()
    with pytest.raises(APIError) as caught:
        flavour.create(server.base_url, {"api_key": KEY}, messages=HELLO)
    assert process_time() - began < 10  # quadratic time would take minutes
    assert text.startswith(caught.value.raw_body.decode()[:1000])


@pytest.mark.parametrize(
    ("name", "header", "argument", "json_property"),
    [
        ("Authorization", True, True, True),
        ("X-Api-Key", True, True, True),
        ("openaiApiKey", True, True, True),
        ("xmytokenvalue", True, False, False),
        ("Set-Cookie", True, True, True),
        ("X-Session", True, True, False),
        ("x-amz-signature", True, True, False),
        ("client_secret", True, True, True),
        ("access_token", True, True, True),
        ("extra_headers", False, True, False),
        ("prompt_cache_key", True, True, False),
        ("key", True, True, False),
        ("next_token", True, True, False),
        ("Idempotency-Key", False, True, False),
        ("max_tokens", False, False, False),
        ("x-ratelimit-limit-tokens", False, False, False),
        ("temperature", False, False, False),
    ],
)
def test_names_of_secrets(name: str, header: bool, argument: bool, json_property: bool) -> None:
    """One list of words, read the more strictly the more often such a name means something else."""
    assert (is_secret_header(name), is_secret_argument(name), is_secret_property(name)) == (
        header,
        argument,
        json_property,
    )
