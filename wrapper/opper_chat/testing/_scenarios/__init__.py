"""The table of fault scenarios: what real servers do to a stream, each with its expected outcome."""

from collections.abc import Mapping
from types import MappingProxyType

from .bodies import BODIES
from .deltas import CHOICES, DELTAS
from .endings import ENDINGS
from .errors import ERRORS_IN_STREAMS, STATUSES
from .framing import FRAMING, NOISE
from .scenario import Outcome, Scenario
from .timing import TIME
from .tool_calls import CALLS

__all__ = ["SCENARIOS", "Outcome", "Scenario"]

_GROUPS = (ENDINGS, ERRORS_IN_STREAMS, STATUSES, BODIES, FRAMING, NOISE, DELTAS, CHOICES, CALLS, TIME)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {scenario.name: scenario for group in _GROUPS for scenario in group.scenarios}
)
"""The scenarios by name, group by group."""

if len(SCENARIOS) != sum(len(group.scenarios) for group in _GROUPS):
    raise ValueError("two scenarios have the same name")
