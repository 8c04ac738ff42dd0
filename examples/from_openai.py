"""Run a program that was written for the OpenAI SDK: only its import has changed.

Runs against a local server that this script starts.
"""

import opper_chat as openai
from opper_chat import Opper as OpenAI
from opper_chat.testing import LocalServer, Reply
from opper_chat.types import ChatMessageParam

MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Name a colour of the rainbow."}]


def run(client: OpenAI) -> None:
    completion = client.chat.completions.create(model="openai/gpt-4o-mini", messages=MESSAGES)
    print("text:    ", completion.choices[0].message.content)
    assert completion.usage is not None
    print("tokens:  ", completion.usage.total_tokens)

    stream = client.chat.completions.create(model="openai/gpt-4o-mini", messages=MESSAGES, stream=True)
    print("chunks:  ", end="")
    for chunk in stream:
        print(f" {chunk.choices[0].delta.content or ''}", end="")
    print()

    with client.chat.completions.stream(model="openai/gpt-4o-mini", messages=MESSAGES) as events:
        for event in events:
            if event.type == "content.done":
                print("event:   ", event.content, event.parsed)
        assert events.get_final_completion().choices[0].message.content == completion.choices[0].message.content

    response = client.chat.completions.with_raw_response.create(model="openai/gpt-4o-mini", messages=MESSAGES)
    print("headers: ", response.headers.get("Content-Type"), "after", response.retries_taken, "retries")
    assert response.headers.get("X-Request-Id") == response.request_id


def main() -> None:
    with LocalServer() as server, OpenAI(api_key="local", base_url=server.base_url, max_retries=0) as client:
        run(client)
        server.reply(Reply.json({"error": {"message": "Slow down.", "code": "rate_limited"}}, status=429))
        try:
            run(client)
        except openai.RateLimitError as error:
            print("error:   ", error.status_code, error.code, error.message)
            print("response:", error.response.headers["content-type"], error.response.json()["error"])


if __name__ == "__main__":
    main()
