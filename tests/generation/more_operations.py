"""Calls of the operations that `test_endpoints.py` adds to the contract. It copies this file to what it generates."""

import asyncio
import datetime
import io
import sys
import uuid

sys.path.insert(0, "generated")

from opper_chat_api import AuthenticatedClient
from opper_chat_api.api.more import (
    add_note,
    create_embedding,
    delete_model,
    get_model,
    list_models,
    read_map,
    read_text,
    send_list,
    send_raw,
    upload_file,
)
from opper_chat_api.models import Echo, EmbeddingRequest, FileUpload, Filter, Note, Notes
from opper_chat_api.params import EmbeddingRequestParam, NoteParam
from opper_chat_api.types import File

DAY = datetime.date(2026, 1, 2)
NOON = datetime.datetime(2026, 1, 2, 12, tzinfo=datetime.UTC)
TRACE = uuid.UUID(int=7)
EMBEDDING: EmbeddingRequestParam = {"input": ["a", "b"], "note": {"text": "t"}, "day": DAY, "level": "low"}
NOTE: NoteParam = {"text": "å b", "stars": 3, "tags": ["x", "y"]}


def echoed(found: object) -> tuple[str, str, str, dict[str, object]]:
    """Return the method, the path with the query, the body and the headers that the server received."""
    assert isinstance(found, Echo), found
    assert found.query is not None
    assert found.headers is not None
    query = found.query["text"]
    return (
        f"{found.method} {found.path}{'?' if query else ''}{query}",
        found.path,
        found.body or "",
        dict(found.headers),
    )


def check_list(found: object, *, everything: bool) -> None:
    line, _, _, headers = echoed(found)
    if not everything:
        assert line == "GET /models?after=a", line
        assert (headers["x-beta"], headers["x-version"]) == ("false", "v1")
        assert "x-trace" not in headers
        assert headers["cookie"] == "own=1; session=s" or headers["cookie"] == "session=s; own=1", headers["cookie"]
        return
    assert line == (
        "GET /models?limit=3&after=a%26b&order=up&flags=true&flags=false&since=2026-01-02T12%3A00%3A00%2B00%3A00"
        "&owner=me&size=2&headers=h&write=w&body=b&class=c"
    ), line
    assert (headers["x-trace"], headers["x-beta"], headers["x-version"]) == (str(TRACE), "true", "v3")
    assert "theme=5" in str(headers["cookie"])
    assert headers["authorization"] == "Bearer key-12345678"


def check_upload(found: object) -> None:
    line, _, body, headers = echoed(found)
    assert line == "POST /files"
    boundary = str(headers["content-type"]).removeprefix("multipart/form-data; boundary=")
    parts = body.split(f"--{boundary}")[1:-1]
    heads = [part.strip("\r\n").split("\r\n\r\n", 1) for part in parts]
    texts = [text for _, text in heads]
    assert texts == ["one", "two", "three", "assistants", "true", "x", "y", '{"text": "t"}'], heads
    assert 'name="file"; filename="a.txt"' in heads[0][0]
    assert "text/plain" in heads[0][0]
    assert 'name="more"; filename=' in heads[2][0]
    assert "application/json" in heads[-1][0]


def check_note(found: object, kind: str, text: str) -> None:
    line, _, body, headers = echoed(found)
    assert line == "POST /notes"
    assert headers.get("content-type", "") == kind, headers
    assert body.encode("latin-1").decode() == text, body


def upload() -> FileUpload:
    file = File(b"one", "a.txt", "text/plain")
    more = [File(io.BytesIO(b"two"), "b.bin"), File(b"three")]
    return FileUpload(file, more=more, purpose="assistants", public=True, tags=["x", "y"], note=Note("t"))


def call_sync(client: AuthenticatedClient) -> None:
    """Call every operation."""
    check_list(list_models.sync(client=client, after="a", x_beta=False, x_version="v1", session="s"), everything=False)
    found = list_models.sync(
        client=client, after="a&b", limit=3, order="up", flags=[True, False], since=NOON, filter_=Filter("me", 2),
        headers="h", write_="w", body_="b", class_="c", x_trace=TRACE, x_beta=True, x_version="v3", session="s",
        theme=5,
    )  # fmt: skip
    check_list(found, everything=True)
    assert echoed(get_model.sync("a/b c?", DAY, client=client))[0] == "GET /models/a%2Fb%20c%3F/on/2026-01-02"
    for wrong in ("", ".", ".."):
        message = ""
        try:
            get_model.sync(wrong, DAY, client=client)
        except ValueError as error:
            message = str(error)
        assert message == f"id: expected a text that can be a part of a path, got {wrong!r}"
    gone = delete_model.sync_detailed("a", 3, client=client)
    assert (gone.status_code, gone.parsed, gone.content) == (204, None, b"")
    body = '{"input":["a","b"],"note":{"text":"t"},"day":"2026-01-02","level":"low"}'
    for embedding in (EMBEDDING, EmbeddingRequest(["a", "b"], note=Note("t"), day=DAY, level="low")):
        assert echoed(create_embedding.sync(client=client, body=embedding))[2] == body
    check_upload(upload_file.sync(client=client, body=upload()))
    check_upload(upload_file.sync(client=client, body={
        "file": File(b"one", "a.txt", "text/plain"), "more": [File(b"two", "b.bin"), File(b"three")],
        "purpose": "assistants", "public": True, "tags": ["x", "y"], "note": {"text": "t"},
    }))  # fmt: skip
    check_note(add_note.sync(client=client), "", "")
    check_note(add_note.sync(client=client, body=NOTE), "application/json", '{"text":"å b","stars":3,"tags":["x","y"]}')
    form = "application/x-www-form-urlencoded"
    for note in (NOTE, Note("å b", 3, ["x", "y"])):
        found = add_note.sync(client=client, body=note, content_type="application/x-www-form-urlencoded")
        check_note(found, form, "text=%C3%A5+b&stars=3&tags=x&tags=y")
    assert echoed(send_list.sync(client=client, body=[Note("a")]))[2] == '[{"text":"a"}]'
    for raw in (b"abc", File(io.BytesIO(b"abc"))):
        reversed_ = send_raw.sync(client=client, body=raw)
        assert isinstance(reversed_, File)
        assert reversed_.payload == b"cba"
    assert read_text.sync(client=client) == "hallå"
    notes = read_map.sync(client=client)
    assert isinstance(notes, Notes)
    assert notes.additional_properties["b"] == Note("y", 2)


async def call_async(client: AuthenticatedClient) -> None:
    """Call every operation."""
    check_list(
        await list_models.asyncio(client=client, after="a", x_beta=False, x_version="v1", session="s"), everything=False
    )
    found = await list_models.asyncio(
        client=client, after="a&b", limit=3, order="up", flags=[True, False], since=NOON, filter_=Filter("me", 2),
        headers="h", write_="w", body_="b", class_="c", x_trace=TRACE, x_beta=True, x_version="v3", session="s",
        theme=5,
    )  # fmt: skip
    check_list(found, everything=True)
    assert echoed(await get_model.asyncio("a/b", DAY, client=client))[0] == "GET /models/a%2Fb/on/2026-01-02"
    assert (await delete_model.asyncio_detailed("a", 3, client=client)).parsed is None
    assert echoed(await create_embedding.asyncio(client=client, body=EMBEDDING))[2].startswith('{"input":["a","b"]')
    check_upload(await upload_file.asyncio(client=client, body=upload()))
    check_note(await add_note.asyncio(client=client), "", "")
    form = await add_note.asyncio(client=client, body=NOTE, content_type="application/x-www-form-urlencoded")
    check_note(form, "application/x-www-form-urlencoded", "text=%C3%A5+b&stars=3&tags=x&tags=y")
    reversed_ = await send_raw.asyncio(client=client, body=File(io.BytesIO(b"abc")))
    assert isinstance(reversed_, File)
    assert reversed_.payload == b"cba"
    assert await read_text.asyncio(client=client) == "hallå"
    assert isinstance(await read_map.asyncio(client=client), Notes)


def main() -> None:
    """Call every operation of the server at the address that is the first argument."""
    with AuthenticatedClient(base_url=sys.argv[1], token="key-12345678", cookies={"own": "1"}) as client:
        call_sync(client)
    print("sync")

    async def run() -> None:
        async with AuthenticatedClient(base_url=sys.argv[1], token="key-12345678", cookies={"own": "1"}) as client:
            await call_async(client)

    asyncio.run(run())
    print("asyncio")


if __name__ == "__main__":
    main()
