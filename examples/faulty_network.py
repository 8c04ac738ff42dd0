"""Simulate a faulty network between a client and a server, print the errors, and call again.

Runs against a local server behind an `opper_chat.testing.FaultyProxy`.
"""

from opper_chat import APIConnectionError, APIStatusError, APITimeoutError, Opper, OpperError
from opper_chat.testing import Fault, FaultyProxy, LocalServer
from opper_chat.types import ChatMessageParam

MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Hello"}]

FAULTS = {
    "the gateway has no server": Fault.status(502),
    "the connection ends before the response": Fault(cut=0),
    "the connection breaks inside the response": Fault(cut=600, reset=True),
    "the response stalls": Fault(stall=600),
    "the response arrives byte by byte": Fault(segment=1),
}


def ask(client: Opper) -> str:
    """Return the text, or raise the error that ended the stream early."""
    with client.chat.completions.create(messages=MESSAGES, stream=True) as stream:
        return stream.get_final_text()


def tell(error: OpperError) -> None:
    """Print what happened, and the part of the completion that arrived."""
    match error:
        case APITimeoutError():
            print("  timeout:   ", error.timeout_kind, "after", error.seconds, "s,", error.chunks_received, "chunks")
        case APIConnectionError():
            print("  connection:", "no response" if error.status_code is None else f"{error.chunks_received} chunks")
        case APIStatusError():
            print("  status:    ", error.status_code, error.raw_body[:44])
        case _:
            raise error


def main() -> None:
    with (
        LocalServer() as server,
        FaultyProxy(server.base_url) as proxy,
        Opper(api_key="local", base_url=proxy.base_url, idle_timeout=0.3) as client,
    ):
        for what, fault in FAULTS.items():
            print(f"{what}:")
            proxy.fault(fault)
            try:
                print("  text:      ", ask(client))
            except OpperError as error:
                tell(error)
        print("without a fault:")
        print("  text:      ", ask(client))
        print(f"{len(proxy.requests)} requests over {proxy.connections} connections, {len(server.requests)} forwarded")


if __name__ == "__main__":
    main()
