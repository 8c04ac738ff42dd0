"""The local server: what a test may tell it. Its life is its parent's, its answers are the application's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING
from uuid import UUID

from .._loopback.server import LoopbackServer, extra
from .._replies.reply import Reply, Scripted, check_scripted
from .access import Rules

if TYPE_CHECKING:
    from .._scenarios import Scenario


class LocalServer(LoopbackServer):
    """A server of the endpoint on loopback, in a thread of its own.

    Use it as a context manager, or call `start()` and `close()`. It answers POST at
    `/chat/completions`, `/v2/openai/chat/completions` and, with errors nested as version 3 has them,
    `/v3/compat/chat/completions`. Equal requests get equal answers, apart from the counted ids.

    Args:
        host: a loopback address, or `localhost` for 127.0.0.1.
        port: the port, or 0 for any free one.
        keys: the API keys that are accepted. By default every key that does not start with `bad`.
        models: the models that exist; the first answers requests that name none. By default every
            name without `unknown` in it exists. Of a list in a request the first that exists answers.
        spans: the ids that `parent_span_id` may have. By default every UUID but the nil one.

    Raises:
        ImportError: the extra `testing` is not installed.
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
        with extra("the local server"):
            from .app import LocalApp

            self._app = LocalApp(Rules(keys, models, spans))
            super().__init__(self._app, host, port)

    @property
    def base_url(self) -> str:
        """The address for a client: `http://127.0.0.1:PORT/v2/openai`."""
        return f"{self.origin}/v2/openai"

    def reply(self, *replies: Scripted) -> None:
        """Queue what the next requests get, one each, in place of the usual answers.

        A reply goes to whatever request comes next, of any path, method, key or body.

        Args:
            replies: each a `Reply`, or a function that makes one of the `ReceivedRequest`.

        Raises:
            TypeError: one is neither.
        """
        for reply in replies:
            check_scripted(reply)
        self._app.script.extend(replies)

    def always(self, reply: Scripted | None) -> None:
        """Set what every request gets for which no reply is queued, in place of the usual answer.

        Args:
            reply: a `Reply`, a function that makes one of the `ReceivedRequest`, or None for the usual answers again.

        Raises:
            TypeError: it is neither.
            ValueError: the body of the reply is an iterator, which can be sent once.
        """
        if reply is not None:
            check_scripted(reply)
        if isinstance(reply, Reply) and isinstance(reply.body, Iterator):
            raise ValueError(  # noqa: TRY004  # it is of the right type, and empty the second time
                "the body of a standing reply must be bytes or a list: an iterator can be sent once"
            )
        self._app.standing = reply

    def play(self, name: str) -> Scenario:
        """Queue what the next request gets: the reply of a fault scenario.

        Args:
            name: a name in `SCENARIOS`, such as `"half-event"`.

        Returns:
            The scenario: its `outcome` is the truth about it, and its `settings` are the clocks that a client must
            keep, in seconds, to see the end of it.

        Raises:
            ValueError: no scenario has this name.
        """
        from .._scenarios import SCENARIOS

        scenario = SCENARIOS.get(name)
        if scenario is None:
            near = ", ".join(get_close_matches(name, SCENARIOS)) or "see opper_chat.testing.SCENARIOS"
            raise ValueError(f"there is no scenario {name!r}; near it: {near}")
        self.reply(scenario.reply())
        return scenario
