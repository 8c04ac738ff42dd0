"""Read the metadata of a completion, the raw HTTP response, and its bytes as they arrive.

Runs against a local server that this script starts.
"""

from opper_chat import APIError, Opper
from opper_chat.testing import LocalServer, Reply
from opper_chat.types import ChatMessageParam

MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Name a colour of the rainbow."}]


def main() -> None:
    with LocalServer() as server, Opper(api_key="local", base_url=server.base_url) as client:
        completion = client.chat.completions.create(messages=MESSAGES)
        print("completion:", completion.request_id, dict(completion.headers)["content-type"], len(completion.attempts))

        raw = client.chat.completions.with_raw_response.create(messages=MESSAGES)
        print("response:  ", raw.status_code, raw.request_id, len(raw.content), "bytes", raw.http_response.http_version)
        print("  parsed:  ", raw.parse().choices[0].message.content)

        server.reply(Reply.json({"error": {"message": "No such luck.", "code": 1234}}))
        raw = client.chat.completions.with_raw_response.create(messages=MESSAGES)
        print("success?   ", raw.status_code, raw.text)
        try:
            raw.parse()
        except APIError as error:
            print("  no:      ", error)

        streamed = client.chat.completions.with_raw_response.create(messages=MESSAGES, stream=True)
        print("stream:    ", streamed.headers["content-type"])
        with streamed.parse() as stream:
            print("  parsed:  ", stream.get_final_text())

        with client.chat.completions.with_streaming_response.create(messages=MESSAGES, stream=True) as response:
            lines = [line for line in response.iter_lines() if line]
            print("lines:     ", response.status_code, len(lines), "that are not empty, the last one", repr(lines[-1]))


if __name__ == "__main__":
    main()
