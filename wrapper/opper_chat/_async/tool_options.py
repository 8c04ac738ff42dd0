"""Arguments of `run_tools` and `stream_tools`, as typed dicts. For type checkers and signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._requests.parameters import CallArguments, TypedCallArguments
from .._requests.tool_options import ToolLoopOptions, ToolLoopSettings

if TYPE_CHECKING:
    from .._tools.async_workers import AsyncBeforeCall, AsyncOnEvent


class AsyncStreamToolsOptions(ToolLoopOptions, total=False):
    """Options of `stream_tools`."""

    before_call: AsyncBeforeCall | None
    """Called for each call of a tool before it runs. It lets the call pass, changes its arguments or denies it."""


class AsyncRunToolsOptions(AsyncStreamToolsOptions, total=False):
    """Options of `run_tools`."""

    on_event: AsyncOnEvent | None
    """Called with each step of the run. Streams have their events instead."""


class AsyncRunToolsArguments(AsyncRunToolsOptions, CallArguments, total=False):
    """Arguments of `run_tools`."""


class AsyncParsedRunToolsArguments(AsyncRunToolsOptions, TypedCallArguments, total=False):
    """Arguments of `run_tools` when ``response_format`` is a type."""


class AsyncStreamToolsArguments(AsyncStreamToolsOptions, CallArguments, total=False):
    """Arguments of `stream_tools`."""


class AsyncParsedStreamToolsArguments(AsyncStreamToolsOptions, TypedCallArguments, total=False):
    """Arguments of `stream_tools` when ``response_format`` is a type."""


TOOL_LOOP_DEFAULTS: dict[str, object] = {
    **(ToolLoopSettings.__init__.__kwdefaults__ or {}), "before_call": None, "on_event": None
}  # fmt: skip
"""The defaults that signatures show."""
