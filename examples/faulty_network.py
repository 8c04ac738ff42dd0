"""A network that misbehaves between a client and a server: what the client says of it, and that it goes on.

Runs against a local server of its own, behind `opper_chat.testing.FaultyProxy`.
"""

from opper_chat import APIConnectionError, APIStatusError, APITimeoutError, Opper, OpperError
from opper_chat.testing import Fault, FaultyProxy, LocalServer
from opper_chat.types import ChatMessageParam

MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Hello"}]

FAULTS = {
    "the gateway finds no server behind it": Fault.status(502),
    "the connection ends before the answer": Fault(cut=0),
    "the connection breaks in the answer": Fault(cut=600, reset=True),
    "the answer stalls": Fault(stall=600),
    "the answer comes byte by byte": Fault(segment=1),
}


def ask(client: Opper) -> str:
    """Return the answer, or raise what ended it early."""
    with client.chat.completions.create(messages=MESSAGES, stream=True) as stream:
        return stream.get_final_text()


def tell(error: OpperError) -> None:
    """Say what happened, and what was saved of the answer."""
    match error:
        case APITimeoutError():
            print("  timeout:   ", error.timeout_kind, "after", error.seconds, "s,", error.chunks_received, "chunks")
        case APIConnectionError():
            print("  connection:", "no answer" if error.status_code is None else f"{error.chunks_received} chunks")
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
                print("  answer:    ", ask(client))
            except OpperError as error:
                tell(error)
        print("and then nothing is wrong any more:")
        print("  answer:    ", ask(client))
        print(f"{len(proxy.requests)} requests over {proxy.connections} connections, {len(server.requests)} passed on")


if __name__ == "__main__":
    main()
