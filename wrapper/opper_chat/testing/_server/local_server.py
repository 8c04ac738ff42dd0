"""`LocalServer`, the class that tests use. `LoopbackServer` starts and stops it, and `LocalApp` makes its responses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING
from uuid import UUID

from .._loopback.server import LoopbackServer, explain_missing_extra
from .._replies.reply import Reply, ReplySource, check_reply_source
from .access import AccessRules

if TYPE_CHECKING:
    from .._scenarios import Scenario


class LocalServer(LoopbackServer):
    """A server of the endpoint on loopback, in a thread of its own.

    Use it as a context manager, or call `start()` and `close()`. It accepts POST at `/chat/completions`,
    `/v2/openai/chat/completions` and `/v3/compat/chat/completions`, whose errors are nested as in version 3. Equal
    requests get equal responses, except for the ids, which are counted.

    Args:
        host: A loopback address, or `localhost` for 127.0.0.1.
        port: The port, or 0 for any free one.
        keys: The API keys that are accepted. By default every key that does not start with `bad`.
        models: The models that exist. The first one is the default of requests without a model. By default every name
            without `unknown` in it exists. If a request has a list of models, the first one that exists is used.
        spans: The ids that are accepted as `parent_span_id`. By default every UUID except the nil UUID.

    Raises:
        ImportError: The extra `testing` is not installed.
        TypeError: `keys`, `models` or `spans` is not a list.
        ValueError: `host` is not on loopback, or one of `spans` is not a UUID.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        keys: Iterable[str] | None = None,
        models: Iterable[str] | None = None,
        spans: Iterable[str | UUID] | None = None,
    ) -> None:
        with explain_missing_extra("The local server"):
            from .app import LocalApp

            self._app = LocalApp(AccessRules(keys, models, spans))
            super().__init__(self._app, host, port)

    @property
    def base_url(self) -> str:
        """The base URL for a client: `http://127.0.0.1:PORT/v2/openai`."""
        return f"{self.origin}/v2/openai"

    def reply(self, *replies: ReplySource) -> None:
        """Queue replies for the next requests, one for each.

        The next request gets the next reply, for any path, method, key and body.

        Args:
            replies: Each a `Reply`, or a function that makes one from the `ReceivedRequest`.

        Raises:
            TypeError: One is neither.
        """
        for reply in replies:
            check_reply_source(reply)
        self._app.queued_replies.extend(replies)

    def always(self, reply: ReplySource | None) -> None:
        """Set the reply to every request for which no reply is queued.

        Args:
            reply: A `Reply`, a function that makes one from the `ReceivedRequest`, or None for the usual responses.

        Raises:
            TypeError: It is neither.
            ValueError: The body of the reply is an iterator, which can be sent only once.
        """
        if reply is not None:
            check_reply_source(reply)
        if isinstance(reply, Reply) and isinstance(reply.body, Iterator):
            raise ValueError(  # noqa: TRY004  # the type is right, but it is exhausted after the first reply
                "reply: expected a body of bytes or a list, got an iterator. An iterator can be sent once."
            )
        self._app.default_reply = reply

    def play(self, name: str) -> Scenario:
        """Queue the reply of a fault scenario for the next request.

        Args:
            name: A name in `SCENARIOS`, such as `"half-event"`.

        Returns:
            The scenario. Its `outcome` is what a correct client reports. Its `settings` are the timeouts, in seconds,
            that the client needs to reach that outcome.

        Raises:
            ValueError: No scenario has this name.
        """
        from .._scenarios import SCENARIOS

        scenario = SCENARIOS.get(name)
        if scenario is None:
            near = ", ".join(get_close_matches(name, SCENARIOS))
            hint = f"Did you mean {near}?" if near else "See opper_chat.testing.SCENARIOS."
            raise ValueError(f"There is no scenario {name!r}. {hint}")
        self.reply(scenario.reply())
        return scenario
