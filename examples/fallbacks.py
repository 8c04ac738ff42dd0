"""Send a list of fallback models, each with its own options, and read which one was used and what it cost.

Runs against a local server, which responds as Opper does when the first model fails.
"""

from opper_chat import Model, Opper
from opper_chat.testing import LocalServer, Reply

ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "mistral/large",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Blue."}}],
}


def main() -> None:
    with LocalServer() as server, Opper(api_key="local", base_url=server.base_url) as client:
        second = Model("mistral/large", options={"temperature": 0}, extra_headers={"x-api-key": "provider-key"})
        print("in this order: openai/gpt-4o, then", second)

        headers = {"X-Opper-Served-Model": "mistral/large-2411", "X-Opper-Cost": "0.000043"}
        server.reply(Reply.json(ANSWER, headers=headers))
        completion = client.chat.completions.create(
            model=["openai/gpt-4o", second],
            messages=[{"role": "user", "content": "Name a colour."}],
        )
        print(completion.served_model, "answered:", completion.choices[0].message.content)
        print("cost:", completion.cost, "US dollars")


if __name__ == "__main__":
    main()
