"""Limit the size of responses: the server sends a few kilobytes that decompress to hundreds of megabytes.

Runs against a local server, because it needs a hostile one.
"""

import zlib

from opper_chat import Opper, ResponseLimits, ResponseTooLargeError
from opper_chat.testing import LocalServer, Reply
from opper_chat.types import ChatMessageParam

MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Tell me a story."}]
MEBIBYTE = 1024 * 1024


def hostile_body(mebibytes: int) -> bytes:
    """Return gzip data that decompresses to a thousand times its size."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([packer.compress(b" " * MEBIBYTE) for _ in range(mebibytes)]) + packer.flush()


def main() -> None:
    body = hostile_body(200)
    print(f"The server sends {len(body) // 1024} KiB, which decompress to 200 MiB.")
    with (
        LocalServer() as server,
        Opper(
            api_key="local", base_url=server.base_url, response_limits=ResponseLimits(max_body_bytes=MEBIBYTE)
        ) as client,
    ):
        server.reply(Reply(200, {"content-type": "application/json", "content-encoding": "gzip"}, body))
        try:
            client.chat.completions.create(messages=MESSAGES)
        except ResponseTooLargeError as error:
            print("limit:   ", error.limit)
            print("maximum: ", error.maximum)
            print("error:   ", error)
        print("The next call:", client.chat.completions.create(messages=MESSAGES).text)


if __name__ == "__main__":
    main()
