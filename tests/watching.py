"""An observer that keeps what it is told, for tests."""

from opper_chat import Attempt, CallRecord


class Watcher:
    """Keeps the calls and the attempts that it is told of, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, CallRecord]] = []
        self.attempts: list[Attempt] = []

    def on_call_start(self, call: CallRecord) -> None:
        assert call.outcome is None
        self.told.append(("on_call_start", call))

    def on_attempt_end(self, call: CallRecord, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        self.told.append(("on_attempt_end", call))

    def on_call_end(self, call: CallRecord) -> None:
        assert call.outcome is not None
        self.told.append(("on_call_end", call))

    @property
    def words(self) -> list[str]:
        return [word for word, _ in self.told]

    @property
    def call(self) -> CallRecord:
        """The only one."""
        (call,) = {id(call): call for _, call in self.told}.values()
        return call
