"""Handle streams that break in two ways: each error has the completion so far.

Runs against a local server that this script starts, with scenarios of `opper_chat.testing.SCENARIOS`.
"""

from opper_chat import APIConnectionError, APIError, Opper, StreamTruncatedError
from opper_chat.testing import SCENARIOS, LocalServer
from opper_chat.types import ChatMessageParam

MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Hello"}]


def ask(client: Opper) -> str:
    """Return the text, or raise the error that ended the stream early."""
    with client.chat.completions.create(messages=MESSAGES, stream=True) as stream:
        return stream.get_final_text()


def main() -> None:
    with LocalServer() as server, Opper(api_key="local", base_url=server.base_url) as client:
        for name in ("no-finish-reason-no-done", "call-cut"):
            scenario = SCENARIOS[name]
            print(f"{name}: {scenario.why}")
            server.reply(scenario.reply())
            try:
                print("  text:     ", ask(client))
            except (StreamTruncatedError, APIConnectionError) as error:
                tell(error)
        print("whole:", SCENARIOS["whole"].why)
        server.reply(SCENARIOS["whole"].reply())
        print("  text:     ", ask(client))


def tell(error: APIError) -> None:
    """Print what the error of a broken stream has."""
    print("  error:    ", type(error).__name__)
    print("  received: ", error.chunks_received, "chunks")
    if error.partial is not None:
        message = error.partial.choices[0].message
        print("  text:     ", repr(message.content))
        for call in message.tool_calls or []:
            if call.type == "function":
                print("  call:     ", call.function.name, repr(call.function.arguments), "(incomplete: do not run it)")


if __name__ == "__main__":
    main()
