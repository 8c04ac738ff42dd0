"""The command line in a program: pipes, structured outputs, tools, and what the exit codes say.

Runs against a local server of its own. In a shell, write `opper-chat` for `sys.executable, "-m", "opper_chat"`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from opper_chat.testing import CUT, LocalServer, Reply, chunk

TOOLS = '''
def count_orders(city: str) -> int:
    """Return the number of orders of the last week."""
    return {"Oslo": 12, "Rome": 31}.get(city, 0)
'''


def run(*arguments: str, text: str = "", folder: Path, server: LocalServer) -> subprocess.CompletedProcess[str]:
    """Run the command with a text on stdin."""
    environment = {
        **os.environ,
        "OPPER_API_KEY": "local",
        "OPPER_BASE_URL": server.base_url,
        "OPPER_CHAT_HOME": str(folder),
    }
    return subprocess.run(
        [sys.executable, "-m", "opper_chat", *arguments],
        input=text,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def main() -> None:
    with TemporaryDirectory() as name, LocalServer() as server:
        folder = Path(name)
        (folder / "shop.py").write_text(TOOLS, "utf-8")

        done = run("Repeat", "this:", text="one\ntwo\n", folder=folder, server=server)
        print("prompt and stdin:", json.dumps(server.last_request.messages[-1]["content"]), "->", done.stdout.strip())

        server.reply(Reply.completion('{"name": "Ada", "age": 36}'), Reply.completion('{"name": "Ada"}'))
        for _ in range(2):
            done = run("--schema", "name, age int", "Who is it?", folder=folder, server=server)
            print("schema:", done.stdout.strip(), "-> exit code", done.returncode, done.stderr.strip())

        server.reply(
            Reply.completion(tool_calls=[("count_orders", {"city": "Rome"})]), Reply.completion("31 orders in Rome.")
        )
        done = run("-T", "shop:count_orders", "How many orders?", folder=folder, server=server)
        print("tools:", done.stdout.strip(), f"({done.stderr.strip()})")

        server.reply(Reply.sse([chunk("It is "), CUT]))
        done = run("What is six times seven?", folder=folder, server=server)
        print("a broken stream:", repr(done.stdout), "-> exit code", done.returncode)


if __name__ == "__main__":
    main()
