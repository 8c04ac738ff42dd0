"""A user's mistakes. Every line here must be refused: an ignore that is not needed is itself an error."""

from opper_chat import AsyncConversation, AsyncOpper, Conversation, Model, Opper
from opper_chat.messages import image, system, user

client = Opper(api_key="key")
create = client.chat.completions.create

create(messages=[{"role": "usr", "content": "Hi"}])  # type: ignore  # pyright: ignore
create(messages=[{"role": "user", "content": [{"type": "img"}]}])  # type: ignore  # pyright: ignore
create(messages=[{"role": "user", "content": "Hi"}], temperature="hot")  # type: ignore  # pyright: ignore
create(messages=[{"role": "user", "content": "Hi"}], temprature=1)  # type: ignore  # pyright: ignore
create(model="a/b")  # type: ignore  # pyright: ignore
create(messages=[{"role": "user", "content": "Hi"}], reasoning_effort=5)  # type: ignore  # pyright: ignore
create(messages=None)  # type: ignore  # pyright: ignore
create(messages=[{"role": "user", "content": "Hi"}], tools=[{"type": "fnction"}])  # type: ignore  # pyright: ignore
create(messages=[{"role": "user", "content": "Hi"}], response_format={"type": "jsn"})  # type: ignore  # pyright: ignore
create(messages=[{"role": "user", "content": "Hi"}]).choices[0].message.contents  # type: ignore  # pyright: ignore

parse = Opper(api_key="key").chat.completions.parse

parse(messages=[{"role": "user", "content": "Hi"}], response_format=int).parsed.name  # type: ignore  # pyright: ignore
parse(messages=[{"role": "user", "content": "Hi"}], response_format={"type": "text"})  # type: ignore  # pyright: ignore
parse(messages=[{"role": "user", "content": "Hi"}], response_format=int, temprature=1)  # type: ignore  # pyright: ignore
user(b"bytes")  # type: ignore  # pyright: ignore
system(image(b"bytes"))  # type: ignore  # pyright: ignore
image(b"bytes", detail=2)  # type: ignore  # pyright: ignore
image(5)  # type: ignore  # pyright: ignore
AsyncConversation(client)  # type: ignore  # pyright: ignore
Conversation(client, temprature=1)  # type: ignore  # pyright: ignore
Conversation(client).send("Hi", messages=[])  # type: ignore  # pyright: ignore
Conversation(client).send("Hi", stream=True)  # type: ignore  # pyright: ignore
Conversation(client).append("Hi")  # type: ignore  # pyright: ignore

Model("a", options=1)  # type: ignore  # pyright: ignore
Model("a", extra_headers={"x": 1})  # type: ignore  # pyright: ignore
Opper().span(7)  # type: ignore  # pyright: ignore
Opper().tags("search")  # type: ignore  # pyright: ignore

create([{"role": "user", "content": "Hi"}])  # type: ignore  # pyright: ignore
client.chat.completions.stream([{"role": "user", "content": "Hi"}])  # type: ignore  # pyright: ignore
list(client.chat.completions.stream(messages=[{"role": "user", "content": "Hi"}]))  # type: ignore  # pyright: ignore
list(Conversation(client).stream("Hi"))  # type: ignore  # pyright: ignore

streaming = client.chat.completions.with_streaming_response

streaming.create([{"role": "user", "content": "Hi"}])  # type: ignore  # pyright: ignore
list(streaming.create(messages=[{"role": "user", "content": "Hi"}]))  # type: ignore  # pyright: ignore


async def await_context_manager(client: AsyncOpper) -> None:
    await client.chat.completions.stream(messages=[{"role": "user", "content": "Hi"}])  # type: ignore  # pyright: ignore
