"""Set hooks and limits as in httpx, and keep the transport of the default client.

Runs against a local server that this script starts.
"""

import httpx
from opper_chat import DefaultHttpxClient, Opper
from opper_chat.testing import LocalServer, Reply


def main() -> None:
    """Count requests with a hook."""
    requests: list[str] = []

    def count(request: httpx.Request) -> None:
        requests.append(f"{request.method} {request.url.path}")

    with LocalServer() as server:
        http_client = DefaultHttpxClient(event_hooks={"request": [count]}, limits=httpx.Limits(max_connections=5))
        with http_client, Opper(api_key="local", base_url=server.base_url, http_client=http_client) as client:
            print(client.chat.completions.create(messages=[{"role": "user", "content": "Hello"}]).text)
            server.reply(Reply.completion("Sent over the same connection."))
            print(client.chat.completions.create(messages=[{"role": "user", "content": "Hello"}]).text)
    print(*requests, sep="\n")


if __name__ == "__main__":
    main()
