"""The scenarios, in the order of the document."""

from collections.abc import Sequence

from . import counts, echoes, groups, http, interfaces, slow_clients, sockets
from .base import Scenario

SCENARIOS: Sequence[Scenario] = (
    *echoes.SCENARIOS,
    *groups.SCENARIOS,
    *http.SCENARIOS,
    *sockets.SCENARIOS,
    *interfaces.SCENARIOS,
    *slow_clients.SCENARIOS,
    *counts.SCENARIOS,
)
