"""The table of fault scenarios: what real servers do to a stream, each with the truth about it."""

from collections.abc import Mapping
from types import MappingProxyType

from ._bodies import BODIES
from ._calls import CALLS
from ._deltas import CHOICES, DELTAS
from ._endings import ENDINGS
from ._failures import ERRORS_IN_STREAMS, STATUSES
from ._framing import FRAMING, NOISE
from ._model import Outcome, Scenario
from ._time import TIME

__all__ = ["SCENARIOS", "Outcome", "Scenario"]

_GROUPS = (ENDINGS, ERRORS_IN_STREAMS, STATUSES, BODIES, FRAMING, NOISE, DELTAS, CHOICES, CALLS, TIME)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {scenario.name: scenario for group in _GROUPS for scenario in group.scenarios}
)
"""The scenarios by name, group by group."""

if len(SCENARIOS) != sum(len(group.scenarios) for group in _GROUPS):
    raise ValueError("two scenarios have the same name")
