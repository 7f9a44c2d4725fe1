"""The scenarios, in the order of the document."""

from collections.abc import Sequence

from . import counts, groups, http, sockets
from .base import Scenario

SCENARIOS: Sequence[Scenario] = (
    *sockets.SCENARIOS,
    *groups.SCENARIOS,
    *http.SCENARIOS,
    *counts.SCENARIOS,
)
