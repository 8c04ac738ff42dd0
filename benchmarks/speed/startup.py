"""Measure what a program costs until its first response: the time of a process, less that of an empty one."""

from __future__ import annotations

import os
import subprocess
from time import perf_counter

from .environments import Environment, name_of

MESSAGES = "[{'role': 'user', 'content': 'Hi'}]"

SYNC = {
    "opper": "from opper_chat import Opper\n"
    "with Opper(api_key='key', base_url=URL) as client:\n"
    f"    client.chat.completions.create(model='m', messages={MESSAGES})",
    "openai": "from openai import OpenAI\n"
    "with OpenAI(api_key='key', base_url=URL) as client:\n"
    f"    client.chat.completions.create(model='m', messages={MESSAGES})",
    "litellm": "import litellm\n"
    f"litellm.completion(model='openai/m', messages={MESSAGES}, api_base=URL, api_key='key')",
    "mistralai": "from mistralai.client import Mistral\n"
    "with Mistral(api_key='key', server_url=URL) as client:\n"
    f"    client.chat.complete(model='m', messages={MESSAGES})",
    "httpx": "import json, httpx\n"
    "with httpx.Client() as client:\n"
    f"    json.loads(client.post(URL + '/chat/completions', json={{'messages': {MESSAGES}}}).content)",
}
ASYNC = {
    "opper": "import asyncio\nfrom opper_chat import AsyncOpper\nasync def main():\n"
    "    async with AsyncOpper(api_key='key', base_url=URL) as client:\n"
    f"        await client.chat.completions.create(model='m', messages={MESSAGES})\nasyncio.run(main())",
    "openai": "import asyncio\nfrom openai import AsyncOpenAI\nasync def main():\n"
    "    async with AsyncOpenAI(api_key='key', base_url=URL) as client:\n"
    f"        await client.chat.completions.create(model='m', messages={MESSAGES})\nasyncio.run(main())",
    "aiohttp": "import asyncio, json, aiohttp\nasync def main():\n"
    "    async with aiohttp.ClientSession() as client:\n"
    f"        async with client.post(URL + '/chat/completions', json={{'messages': {MESSAGES}}}) as response:\n"
    "            json.loads(await response.read())\nasyncio.run(main())",
}


def time_program(environment: Environment, code: str) -> tuple[float, float]:
    """Run a program, and return its CPU time and its wall time in seconds."""
    began = perf_counter()
    process = subprocess.Popen([environment.python, "-c", code], env=environment.variables)
    _, status, used = os.wait4(process.pid, 0)
    wall = perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{code!r} failed in {environment.python}")
    return used.ru_utime + used.ru_stime, wall


def program(question: str, client: str, layer: str, module: str, url: str) -> str | None:
    """Return the program of a question, or None if the client has none."""
    if question == "import":
        return f"import {module}" if layer == "sync" else None
    code = (ASYNC if layer == "async" else SYNC).get(name_of(client))
    return code and f"URL = {url!r}\n{code}"


def startup_cost(environment: Environment, code: str, times: int) -> tuple[float, float]:
    """Return the CPU and wall time of a program beyond an empty one: the least of `times` runs of each."""
    runs = [(time_program(environment, "pass"), time_program(environment, code)) for _ in range(times)]
    empty = [min(empty[index] for empty, _ in runs) for index in (0, 1)]
    whole = [min(whole[index] for _, whole in runs) for index in (0, 1)]
    return whole[0] - empty[0], whole[1] - empty[1]
