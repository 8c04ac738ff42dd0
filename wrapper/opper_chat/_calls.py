# Made from wrapper/opper_chat/_async_calls.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The calls of a client: attempts, until one brings an answer or none is worth another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from ._call import Call
from ._errors import APIError
from ._http import HTTP
from ._requests import prepare, split
from ._responses import ChatCompletion, read_completion, status_error
from ._settings import ClientSettings
from ._wait import sleep

if TYPE_CHECKING:
    import httpx

Answer = TypeVar("Answer")


class Calls:
    """Makes calls over the connections of a client.

    Attributes:
        http: what sends them.
        settings: what they have in common.
    """

    def __init__(self, http: HTTP, settings: ClientSettings) -> None:
        self.http = http
        self.settings = settings

    def prepared(self, arguments: Mapping[str, object], *, stream: object) -> Call:
        """Check the arguments of a call, which begins now.

        Raises:
            InvalidArgumentError: one is wrong.
        """
        return self.later(arguments, stream=stream)()

    def later(self, arguments: Mapping[str, object], *, stream: object) -> Callable[[], Call]:
        """Check the arguments of a call, and return what begins it.

        Raises:
            InvalidArgumentError: one is wrong.
        """
        options, params = split(arguments)
        request = prepare(
            params,
            stream=stream,
            extra_headers=options.get("extra_headers"),
            extra_query=options.get("extra_query"),
            extra_body=options.get("extra_body"),
        )
        settings = self.settings.changed(options)
        return lambda: Call(settings, request, monotonic(), stream=bool(stream))

    def complete(self, call: Call) -> ChatCompletion:
        """Make a plain call, and return its answer."""
        call.begin()
        completion = self._attempts(call, _completion, whole=True)
        call.complete(completion, monotonic())
        return completion

    def fetch(self, call: Call) -> httpx.Response:
        """Make a plain call, and return the response with its body read. The caller tells the call's end.

        Raises:
            APIStatusError: the status is not 2xx; the class tells which.
        """
        call.begin()
        return self._attempts(call, _successful, whole=True)

    def open(self, call: Call, *, again: bool = False) -> httpx.Response:
        """Make a call, and return the response with its body still to be read. The caller tells the call's end.

        Raises:
            APIStatusError: the status is not 2xx; the class tells which.
        """
        if not again:
            call.begin()
        return self._attempts(call, _successful, whole=False)

    def _attempts(
        self, call: Call, accept: Callable[[httpx.Response], Answer], *, whole: bool
    ) -> Answer:
        """Send a call until its response is accepted, its body read if it is needed whole, or no error may pass."""
        try:
            while True:
                try:
                    response = self.http.send(call)
                    call.answered(response.status_code, response.headers)
                    if whole or not response.is_success:
                        self.http.read(response, call.clocks)
                    return accept(response)
                except APIError as error:
                    wait = call.failed(error, monotonic())
                    if wait is None:
                        raise
                sleep(wait)
        except BaseException as error:
            call.raised(error, monotonic())
            raise


def _completion(response: httpx.Response) -> ChatCompletion:
    return read_completion(response.status_code, response.headers, response.content)


def _successful(response: httpx.Response) -> httpx.Response:
    if not response.is_success:
        raise status_error(response.status_code, response.headers, response.content)
    return response
