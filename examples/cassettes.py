"""Record the responses of a server in a cassette, and replay them without the server and without the key.

The server is a local one here, so that the example runs anywhere. For the real server, leave out `upstream`.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from opper_chat import BadRequestError, Opper
from opper_chat.testing import Cassette, LocalServer, UnmatchedRequestError


def ask(base_url: str, question: str) -> str:
    with Opper(api_key="op-a-real-key-123", base_url=base_url) as client:
        stream = client.chat.completions.create(messages=[{"role": "user", "content": question}], stream=True)
        with stream:
            return "".join(stream.text_stream)


def main() -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "weather.jsonl")

        with LocalServer() as server, Cassette(path, upstream=server.base_url, record="once") as cassette:
            print("recorded:", ask(cassette.base_url, "How is the weather, for op-a-real-key-123?"))

        with Cassette(path, strict=True) as cassette:
            print("replayed:", ask(cassette.base_url, "How is the weather, for op-a-real-key-123?"))

        text = path.read_text("utf-8")
        print("the file:", len(text.splitlines()), "lines; the key is in it:", "op-a-real-key" in text)
        print(text.splitlines()[1][:200], "...")

        try:
            with Cassette(path) as cassette:
                try:
                    ask(cassette.base_url, "How is the weather, for me?")
                except BadRequestError as error:
                    print("the client gets:", error.type)
        except UnmatchedRequestError as error:
            print("the test fails with:", error)


if __name__ == "__main__":
    main()
