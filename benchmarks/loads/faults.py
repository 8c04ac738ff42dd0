"""Run the fault scenarios through the openai package and through this client, and print both columns.

Usage: `python -m benchmarks.loads.faults`. Needs openai and `opper-chat[testing]`.

Marks: `ok` is the expected outcome. `~` is an error where one is expected, with all of the text, but another error or
other details. `NO` is anything else, such as an incomplete response that is reported as complete.
"""

import sys
import threading
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from opper_chat.testing import SCENARIOS, LocalServer, Outcome, Scenario

try:
    import openai
    from openai.lib.streaming.chat import ChatCompletionStreamState
except ModuleNotFoundError:
    sys.exit("This benchmark needs the openai package: pip install openai")

TIME_LIMIT = 3.0
"""Seconds after which a client hangs. The timeouts of all scenarios are shorter."""

REQUEST: Any = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "stream": True}


class ClientResult(NamedTuple):
    """The result of a client for a scenario. The note names an error that is not one of the client's own."""

    outcome: Outcome
    note: str = ""


def run_openai(base_url: str, scenario: Scenario) -> ClientResult:
    """Run the sync client and its accumulator, with the shortest timeout of the scenario."""
    timeout = scenario.settings.get("timeout", min(scenario.settings.values(), default=TIME_LIMIT * 2))
    facts: dict[str, Any] = {"chunks": 0, "status": None}
    chunks: list[Any] = []
    ends: Literal["complete", "cut", "error", "invalid", "timeout"] = "complete"
    note = ""
    with openai.OpenAI(api_key="key", base_url=base_url, max_retries=0, timeout=timeout) as client:
        try:
            with client.chat.completions.create(**REQUEST, **scenario.request) as stream:
                facts["status"] = stream.response.status_code
                for chunk in stream:
                    chunks.append(chunk)  # noqa: PERF402  # one by one, so that those before an error are kept
        except openai.APITimeoutError:
            ends = "timeout"
        except openai.APIConnectionError:
            ends = "cut"
        except openai.APIResponseValidationError:
            ends = "invalid"
        except openai.APIError as error:
            ends = "error"
            facts |= {"error_message": error.message, "error_type": error.type, "error_code": error.code}
            facts["status"] = getattr(error, "status_code", facts["status"])
        except Exception as error:  # noqa: BLE001  # whatever else it lets through
            ends, note = "invalid", type(error).__name__
    facts["chunks"] = len(chunks)
    state, completion = ChatCompletionStreamState(), None
    try:
        for chunk in chunks:
            state.handle_chunk(chunk)
            completion = state.current_completion_snapshot.to_dict()
    except Exception as error:  # noqa: BLE001  # chunks are handed out that it cannot add up
        note = note or f"then {type(error).__name__}"
        lists = [getattr(chunk, "choices", None) or [] for chunk in chunks]
        choices = [choice for choices in lists for choice in choices if not choice.index and choice.delta]
        text = "".join(str(choice.delta.content or "") for choice in choices)
        completion = {"choices": [{"message": {"content": text}}]}
    return ClientResult(Outcome.of(ends, completion, **facts), note)


def run_opper(base_url: str, scenario: Scenario) -> ClientResult:
    """Run the sync client with the timeouts of the scenario."""
    from opper_chat import (
        APIConnectionError,
        APIError,
        APIResponseValidationError,
        APITimeoutError,
        Opper,
        StreamTruncatedError,
    )

    kinds = {
        StreamTruncatedError: "truncated",
        APIConnectionError: "cut",
        APITimeoutError: "timeout",
        APIResponseValidationError: "invalid",
    }
    facts: dict[str, Any] = {"chunks": 0, "status": None}
    with Opper(api_key="key", base_url=base_url, max_retries=0) as client:
        try:
            with client.chat.completions.create(**REQUEST, **scenario.request, **scenario.settings) as stream:
                facts["status"] = stream.response.status_code
                for _ in stream:
                    facts["chunks"] += 1
                completion = stream.get_final_completion().to_dict()
        except APIError as error:
            facts |= {"error_message": error.message, "error_type": error.type, "error_code": error.code}
            facts |= {"status": error.status_code, "timeout_kind": getattr(error, "timeout_kind", None)}
            ends: Any = kinds.get(type(error), "error")
            return ClientResult(Outcome.of(ends, error.partial and error.partial.to_dict(), **facts))
        except Exception as error:  # noqa: BLE001  # whatever else it lets through
            return ClientResult(Outcome.of("invalid", None, **facts), type(error).__name__)
    return ClientResult(Outcome.of("complete", completion, **facts))


def run_with_limit(run: Callable[[str, Scenario], ClientResult], scenario: Scenario) -> ClientResult | None:
    """Run a client in a thread. Return None if it hangs, until the server closes."""
    result: list[ClientResult] = []
    with LocalServer() as server:
        server.reply(scenario.reply())
        thread = threading.Thread(target=lambda: result.append(run(server.base_url, scenario)), daemon=True)
        thread.start()
        thread.join(TIME_LIMIT)
        waiting = thread.is_alive()
    thread.join(TIME_LIMIT)
    return None if waiting else result[0]


def compare(truth: Outcome, result: ClientResult | None) -> tuple[str, str]:
    """Return the mark, and the result in a few words."""
    if result is None:
        return "NO", "never ends"
    outcome, note = result
    different = truth.differences(outcome)
    if not different and not note:
        return "ok", outcome.ends
    both_failed = truth.ends != "complete" and outcome.ends != "complete"
    text = f"{outcome.ends} {note}" if note.startswith("then") else note or outcome.ends
    details = [name for name in different if name != "ends"]
    if details:
        text += f" (not the {', '.join(details)})"
    return "~" if both_failed and "text" not in different else "NO", text


def main() -> None:
    """Print a line for each scenario and the totals."""
    warnings.simplefilter("ignore")  # about models with values that do not fit them
    clients = {"openai": run_openai, "opper-chat": run_opper}
    totals = {name: Counter[str]() for name in clients}
    width = max(map(len, SCENARIOS))
    print(f"{'scenario':{width}}  {'truth':9}  {'openai ' + openai.__version__:60}  opper-chat")
    group = ""
    for scenario in SCENARIOS.values():
        if scenario.group != group:
            group = scenario.group
            print(f"\n{group}")
        cells: list[str] = []
        for name, run in clients.items():
            mark, text = compare(scenario.outcome, run_with_limit(run, scenario))
            totals[name][mark] += 1
            cells.append(f"{mark:2} {text}")
        print(f"{scenario.name:{width}}  {scenario.outcome.ends:9}  {cells[0]:60}  {cells[1]}", flush=True)
    print()
    for name, counted in totals.items():
        print(f"{name}: {counted['ok']} ok, {counted['~']} ~, {counted['NO']} NO, of {len(SCENARIOS)}")


if __name__ == "__main__":
    main()
