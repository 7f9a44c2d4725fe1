"""What tests of a project need: fresh layers, clients that consume, routes for one test, faults, a live site.

Names are resolved on first use: pytest loads `towpath.testing.plugin` with every project, before Django's settings.
"""

from importlib import import_module
from typing import Any

#: Public name -> module that defines it. `HttpClient` is the old alias of 1.x.
_HOMES = {
    "ChannelLiveServerTestCase": "live",
    "ChannelTestCase": "cases",
    "Client": "client",
    "Fault": "faults",
    "Faults": "faults",
    "Held": "faults",
    "HttpClient": "sockets",
    "LiveSite": "live",
    "ProtocolServerProcess": "live_processes",
    "TransactionChannelTestCase": "cases",
    "TrialLayer": "layer",
    "WSClient": "sockets",
    "WorkerProcess": "live_processes",
    "apply_routes": "routes",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
