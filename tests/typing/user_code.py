"""A user's code, checked strictly by mypy and pyright and never run."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import assert_type
from uuid import UUID

import httpx
from opper_chat import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncConversation,
    AsyncEventStream,
    AsyncOpper,
    Attempt,
    ChatCompletion,
    Conversation,
    EventStream,
    InvalidArgumentError,
    Model,
    Opper,
    ParsedChatCompletion,
    RateLimitError,
    RawResponse,
    RawStream,
    Stream,
    ToolStream,
)
from opper_chat.messages import Message, assistant, audio, developer, file, image, system, text, tool_message, user
from opper_chat.types import (
    ChatCompletionChunk,
    ChatCompletionMessage,
    ChatCompletionRequestParam,
    ChatMessageParam,
    CompletionUsage,
    CustomToolCall,
    FilePartParam,
    FunctionToolCall,
    FunctionToolParam,
    ImagePartParam,
    OtherToolCall,
    TextPart,
    ToolParam,
    UserMessage,
    UserMessageParam,
)

client = Opper(api_key="key", base_url="http://127.0.0.1:1", timeout=httpx.Timeout(5), http_client=httpx.Client())


def plain() -> str:
    completion = client.chat.completions.create(
        model="openai/gpt-4o",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
            UserMessage(content=[TextPart(text="Hello")]),
        ],
        temperature=0.5,
        stop=["\n"],
        tags={"team": "search"},
        timeout=30,
        extra_body={"invented": True},
        extra_headers={"x-trace": "1"},
        extra_query={"debug": 1},
    )
    assert_type(completion, ChatCompletion)
    message = completion.choices[0].message
    assert_type(message.content, str | None)
    if completion.usage:
        assert_type(completion.usage.total_tokens, int)
    return message.content or ""


def streamed() -> None:
    stream = client.chat.completions.create(messages=[{"role": "user", "content": "Hi"}], stream=True)
    assert_type(stream, Stream)
    with stream:
        for chunk in stream:
            assert_type(chunk, ChatCompletionChunk)
            if chunk.choices[0].delta.content is not None:
                print(chunk.choices[0].delta.content)


def either(stream: bool) -> None:
    assert_type(
        client.chat.completions.create(messages=[{"role": "user", "content": "Hi"}], stream=stream),
        ChatCompletion | Stream,
    )


def models() -> None:
    message: UserMessageParam = {"role": "user", "content": "Hi"}
    client.chat.completions.create(messages=[message], model={"name": "a/b", "options": {"x": 1}})
    client.chat.completions.create(messages=[message], model=["a/b", {"name": "c/d"}])
    request: ChatCompletionRequestParam = {"messages": [message], "model": "a/b"}
    client.chat.completions.create(**request)
    client.chat.completions.create(**request, stream=True).close()


def left_out(model: str | None, tools: list[ToolParam] | None) -> None:
    """None leaves an optional parameter out."""
    messages: list[ChatMessageParam] = [{"role": "user", "content": "Hi"}]
    client.chat.completions.create(
        messages=messages, stream=None, model=model, tools=tools, response_format=None, tool_choice=None, tags=None,
        stream_options=None, parent_span_id=None, extra_headers=None, extra_query=None, extra_body=None,
        timeout=None, first_token_timeout=None, idle_timeout=None, deadline=None,
    )  # fmt: skip
    assert_type(
        client.chat.completions.parse(messages=messages, model=model, tools=tools, response_format=None),
        ParsedChatCompletion[None],
    )
    client.chat.completions.run_tools(messages=messages, model=model, tools=tools, response_format=None)
    with client.chat.completions.stream(messages=messages, model=model, tools=tools, user=None) as events:
        assert_type(events, EventStream)
    with client.chat.completions.stream_tools(messages=messages, model=model, tools=tools, tool_choice=None) as run:
        assert_type(run, ToolStream[None])
    Conversation(client, model=model, tools=tools).send("Hi", user=None)


def open_enums(effort: str) -> None:
    """An enum takes values that the contract does not know yet."""
    messages: list[ChatMessageParam] = [{"role": "user", "content": [image(b"", detail="original")]}]
    create = client.chat.completions.create
    create(messages=messages, reasoning_effort="high", tool_choice="required")
    create(messages=messages, reasoning_effort="none", tool_choice="some")
    create(messages=messages, reasoning_effort=effort, modalities=["text", "video"], function_call="some")
    create(messages=messages, audio={"format": "opus2", "voice": "v"}, web_search_options={"search_context_size": "x"})
    client.chat.completions.parse(messages=messages, response_format=int, reasoning_effort="xhigh")
    client.chat.completions.run_tools(messages=messages, reasoning_effort="xhigh")
    client.chat.completions.stream(messages=messages, reasoning_effort="xhigh")
    client.chat.completions.with_raw_response.create(messages=messages, reasoning_effort="xhigh")


def tools() -> None:
    tool: FunctionToolParam = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    messages: list[ChatMessageParam] = [{"role": "user", "content": "Add"}]
    message = client.chat.completions.create(messages=messages, tools=[tool], tool_choice="auto").choices[0].message
    messages.append(message)
    for call in message.tool_calls or []:
        if call.type == "function":
            assert_type(call, FunctionToolCall)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": call.function.arguments})
        elif call.type == "custom":
            assert_type(call, CustomToolCall)
            print(call.custom.input)
        else:
            assert_type(call, OtherToolCall)
            kind: str | None = call.type
            print(kind or "no kind")


def errors() -> None:
    try:
        plain()
    except RateLimitError as error:
        print(error.status_code, error.request_id, error.headers.get("retry-after"))
    except APIStatusError as error:
        print(error.type, error.detail, error.raw_body)
        assert_type(error.response.request.url, str)
        assert_type(error.request.method, str)
    except APITimeoutError as error:
        assert_type(error.request.headers["host"], str)
    except APIConnectionError as error:
        assert_type(error.request.url, str)
    except APIError as error:
        if error.response is not None and error.request is not None:
            print(error.response.request.url == error.request.url)
    except InvalidArgumentError as error:
        print(error.argument, error.expected, error.received)


async def asynchronous() -> None:
    async with AsyncOpper(api_key="key", http_client=httpx.AsyncClient()) as opper:
        completion = await opper.chat.completions.create(messages=[{"role": "user", "content": "Hi"}])
        assert_type(completion, ChatCompletion)
        async with await opper.chat.completions.create(
            messages=[{"role": "user", "content": "Hi"}], stream=True
        ) as stream:
            async for chunk in stream:
                if chunk.choices[0].delta.content is not None:
                    print(chunk.choices[0].delta.content)


def main() -> None:
    plain()
    streamed()
    either(stream=True)
    models()
    tools()
    errors()
    asyncio.run(asynchronous())


def options(key: str) -> None:
    patient = client.with_options(timeout=httpx.Timeout(60, connect=5), max_retries=5, deadline=None)
    assert_type(patient, Opper)
    completion = patient.chat.completions.create(messages=[{"role": "user", "content": "Hi"}], max_retries=0)
    assert_type(completion.request_id, str | None)
    assert_type(completion.attempts, tuple[Attempt, ...])
    Opper(api_key=lambda: key, default_headers={"X-Team": "x"})


def raw() -> None:
    messages: list[ChatMessageParam] = [{"role": "user", "content": "Hi"}]
    response = client.chat.completions.with_raw_response.create(messages=messages)
    assert_type(response, RawResponse)
    assert_type(response.parse(), ChatCompletion)
    assert_type(client.chat.completions.with_raw_response.create(messages=messages, stream=True), RawStream)
    flag = bool(messages)
    assert_type(
        client.chat.completions.with_raw_response.create(messages=messages, stream=flag), RawResponse | RawStream
    )
    with client.chat.completions.with_streaming_response.create(messages=messages) as streamed:
        for line in streamed.iter_lines():
            assert_type(line, str)


def vendor() -> None:
    second = Model("mistral/large", options={"temperature": 0, "stop": ["x"]}, extra_headers={"x-team": "search"})
    with client.span(UUID(int=1)), client.tags({"user-id": 1}, team="search") as inside:
        assert_type(inside, Opper)
        completion = inside.chat.completions.create(
            model=["openai/gpt-4o", second, {"name": "c"}], messages=[{"role": "user", "content": "Hi"}]
        )
    assert_type(completion.served_model, str | None)
    assert_type(completion.cost, Decimal | None)
    assert_type(completion.trace_id, str | None)
    assert_type(client.copy(set_default_headers={"x-team": "search"}), Opper)


async def vendor_async() -> None:
    from opentelemetry.trace import get_current_span

    async with AsyncOpper() as opper:
        with opper.span(get_current_span()), opper.tags(team="search") as inside:
            assert_type(inside, AsyncOpper)


def messages_and_parts() -> None:
    assert_type(image(Path("a.png"), detail="low"), ImagePartParam)
    assert_type(file(file_id="file-1"), FilePartParam)
    with Path("a.wav").open("rb") as sound:
        message = user("a", text("b"), image(b"", max_bytes=None), audio(sound), file(memoryview(b"")), name="n")
    assert_type(message, UserMessageParam)
    completion = client.chat.completions.create(messages=[system("a"), developer("b", text("c")), message])
    assert_type(completion.message, ChatCompletionMessage)
    assert_type(completion.text, str)
    messages: list[ChatMessageParam] = [message, completion.message, assistant("a", tool_calls=[])]
    messages.extend(tool_message(call, "Sunny.") for call in completion.message.tool_calls or [])


def counter(message: Message) -> int:
    return len(message["content"] or "") if message["role"] == "user" else 1


def conversation() -> None:
    talk = Conversation(client, system="Be brief.", model="a/b", temperature=0, deadline=10)
    assert_type(talk.send("a", image(b""), tools=[]), ChatCompletion)
    talk.send(*(tool_message(call, "Sunny.") for call in talk.send().message.tool_calls or []))
    with talk.stream("a", idle_timeout=5) as events:
        assert_type(events, EventStream)
        for event in events:
            if event.type == "content.delta":
                print(event.delta)
    assert_type(talk.fork(), Conversation)
    assert_type(talk.messages, list[Message])
    assert_type(talk.trim(100, counter), list[Message])
    assert_type(talk.usage, CompletionUsage)
    talk.save("talk.jsonl")
    assert_type(Conversation.load(client, Path("talk.jsonl"), model="a/b"), Conversation)
    client.chat.completions.create(messages=talk.messages)
    for message in talk:
        if message["role"] == "tool":
            assert_type(message["tool_call_id"], str)


async def async_conversation(opper: AsyncOpper) -> None:
    talk = AsyncConversation(opper, model=["a/b", "c/d"])
    assert_type(await talk.send(user("a")), ChatCompletion)
    async with talk.stream("a") as events:
        assert_type(events, AsyncEventStream)
        assert_type(await events.get_final_text(), str)
