"""Log calls that succeed and one that fails, as lines and as JSON.

Runs against a local server that this script starts. In a program that does not set up logging, use `OPPER_LOG=info`.
"""

import json
import logging
import sys

from opper_chat import NotFoundError, Opper
from opper_chat.testing import LocalServer
from opper_chat.types import ChatMessageParam

MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Count from one to five."}]


class Json(logging.Formatter):
    """Formats each record as a JSON object with the fields of its line."""

    def format(self, record: logging.LogRecord) -> str:
        facts = {name: value for name, value in vars(record).items() if name.startswith("opper_")}
        return json.dumps({"level": record.levelname, **facts})


def calls(client: Opper) -> None:
    """Make a plain call, a streamed one, and one that fails."""
    client.chat.completions.create(model="openai/gpt-4o-mini", messages=MESSAGES)
    with client.chat.completions.create(model="openai/gpt-4o-mini", messages=MESSAGES, stream=True) as stream:
        stream.until_done()
    try:
        client.chat.completions.create(model="unknown/model", messages=MESSAGES)
    except NotFoundError as error:
        print("caught:", error)


def main() -> None:
    handler = logging.StreamHandler(sys.stdout)
    logger = logging.getLogger("opper_chat")
    logger.addHandler(handler)
    with LocalServer() as server, Opper(api_key="local", base_url=server.base_url) as client:
        print("INFO, a line for each call:")
        logger.setLevel(logging.INFO)
        calls(client)
        print("DEBUG, the parameters and the result of each attempt, without content:")
        logger.setLevel(logging.DEBUG)
        calls(client)
        print("The same fields as JSON:")
        logger.setLevel(logging.INFO)
        handler.setFormatter(Json())
        calls(client)


if __name__ == "__main__":
    main()
