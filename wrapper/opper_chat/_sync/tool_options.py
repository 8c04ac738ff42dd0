# Made from wrapper/opper_chat/_async/tool_options.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""Arguments of `run_tools` and `stream_tools`, as typed dicts. For type checkers and signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._requests.parameters import CallArguments, TypedCallArguments
from .._requests.tool_options import ToolLoopOptions, ToolLoopSettings

if TYPE_CHECKING:
    from .._tools.workers import BeforeCall, OnEvent


class StreamToolsOptions(ToolLoopOptions, total=False):
    """Options of `stream_tools`."""

    before_call: BeforeCall | None
    """Called for each call of a tool before it runs. It lets the call pass, changes its arguments or denies it."""


class RunToolsOptions(StreamToolsOptions, total=False):
    """Options of `run_tools`."""

    on_event: OnEvent | None
    """Called with each step of the run. Streams have their events instead."""


class RunToolsArguments(RunToolsOptions, CallArguments, total=False):
    """Arguments of `run_tools`."""


class ParsedRunToolsArguments(RunToolsOptions, TypedCallArguments, total=False):
    """Arguments of `run_tools` when ``response_format`` is a type."""


class StreamToolsArguments(StreamToolsOptions, CallArguments, total=False):
    """Arguments of `stream_tools`."""


class ParsedStreamToolsArguments(StreamToolsOptions, TypedCallArguments, total=False):
    """Arguments of `stream_tools` when ``response_format`` is a type."""


TOOL_LOOP_DEFAULTS: dict[str, object] = {
    **(ToolLoopSettings.__init__.__kwdefaults__ or {}), "before_call": None, "on_event": None
}  # fmt: skip
"""The defaults that signatures show."""
