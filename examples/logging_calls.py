"""What the logger `opper_chat` says of calls that go well and of one that does not: as lines, and as JSON.

Runs against a local server of its own. In a program that sets up no logging of its own, `OPPER_LOG=info` does.
"""

import json
import logging
import sys

from opper_chat import NotFoundError, Opper
from opper_chat.testing import LocalServer
from opper_chat.types import ChatMessageParam

MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Count from one to five."}]


class Json(logging.Formatter):
    """One JSON object for each record, of the facts that its line is made of."""

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
        print("DEBUG, what was asked and what each attempt brought, without what was said:")
        logger.setLevel(logging.DEBUG)
        calls(client)
        print("The same facts as JSON:")
        logger.setLevel(logging.INFO)
        handler.setFormatter(Json())
        calls(client)


if __name__ == "__main__":
    main()
