# Made from wrapper/opper_chat/_async_completions.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The calls that a person makes: arguments in, an answer or a stream out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Unpack, overload

from ._calls import Calls
from ._requests import CallArguments
from ._results import ChatCompletion
from ._stream import Stream
from ._transport import call_site

if TYPE_CHECKING:
    from ._event_stream import StreamManager
    from ._raw import RawCompletions, StreamedCompletions


class Completions:
    """The next message of a conversation."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    @overload
    def create(
        self, *, stream: Literal[False] | None = None, **arguments: Unpack[CallArguments]
    ) -> ChatCompletion: ...

    @overload
    def create(self, *, stream: Literal[True], **arguments: Unpack[CallArguments]) -> Stream: ...

    @overload
    def create(
        self, *, stream: bool | None, **arguments: Unpack[CallArguments]
    ) -> ChatCompletion | Stream: ...

    def create(
        self, *, stream: bool | None = None, **arguments: Unpack[CallArguments]
    ) -> ChatCompletion | Stream:
        """Ask the model for the next message.

        Args:
            stream: True returns a stream of chunks, to be iterated over and closed; otherwise the whole answer.
            arguments: the parameters of the documentation page, ``messages`` first of all, and options of the call.
                Messages, tools and the like are plain dicts or generated models, or both mixed. None leaves a
                parameter out. The options, where the client's own are not to be used:

                - ``extra_headers``: HTTP headers to add; they win over the client's own.
                - ``extra_query``: query parameters to add to the address.
                - ``extra_body``: members to add to the body, for what the contract does not know yet. They win over
                  the parameters, and None is sent as null.
                - ``timeout``, ``max_retries``, ``first_token``, ``idle``, ``deadline``: as for the client.

        Raises:
            InvalidArgumentError: an argument is wrong; nothing was sent.
            APIConnectionError: there was no answer. APITimeoutError: there was none in time.
            APIStatusError: the answer is an error; the class tells which.
            APIResponseValidationError: the answer is not a chat completion, or not a stream.

        An error that may pass was tried again ``max_retries`` times before it is raised; it has all its ``attempts``.

        Source: https://docs.opper.ai, Chat Completions.
        """
        call = self._calls.prepared(arguments, stream=stream)
        if stream:
            return Stream(self._calls, call, self._calls.open(call), call_site()).settle()
        return self._calls.complete(call)

    def stream(self, **arguments: Unpack[CallArguments]) -> StreamManager:
        """Ask the model for the next message, as typed events while it is written.

        To be used with ``with``, which sends the request and closes the stream::

            with client.chat.completions.stream(messages=messages) as stream:
                for event in stream:
                    if event.type == "content.delta":
                        print(event.delta, end="")
            completion = stream.get_final_completion()

        Takes what `create` takes.

        Raises:
            InvalidArgumentError: an argument is wrong; nothing was sent. All else is raised on entering.
        """
        begin = self._calls.later(arguments, stream=True)
        from ._event_stream import StreamManager  # the events are loaded by those who use them

        return StreamManager(self._calls, begin, call_site())

    @property
    def with_raw_response(self) -> RawCompletions:
        """The same calls, with the HTTP response in place of what it says; `parse()` gives that as well."""
        from ._raw import RawCompletions

        return RawCompletions(self._calls)

    @property
    def with_streaming_response(self) -> StreamedCompletions:
        """The same calls, with the HTTP response before its body is read, as a context manager."""
        from ._raw import StreamedCompletions

        return StreamedCompletions(self._calls)
