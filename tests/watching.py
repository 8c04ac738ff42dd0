"""An observer that keeps what it is told, for tests."""

from opper_chat import Attempt, CallRecord


class Watcher:
    """Keeps the calls and the attempts that it is told of, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, CallRecord]] = []
        self.attempts: list[Attempt] = []

    def begin(self, call: CallRecord) -> None:
        assert call.outcome is None
        self.told.append(("begin", call))

    def attempted(self, call: CallRecord, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        self.told.append(("attempted", call))

    def end(self, call: CallRecord) -> None:
        assert call.outcome is not None
        self.told.append(("end", call))

    @property
    def words(self) -> list[str]:
        return [word for word, _ in self.told]

    @property
    def call(self) -> CallRecord:
        """The only one."""
        (call,) = {id(call): call for _, call in self.told}.values()
        return call
