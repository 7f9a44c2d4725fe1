"""Tools for the tests of a project: fresh layers, clients that consume, routes for one test, faults, a live site.

Names are resolved at first use, because pytest loads `towpath.testing.plugin` before Django's settings exist.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cases import ChannelTestCase, ChannelTestCaseMixin, TransactionChannelTestCase
    from .client import Client
    from .faults import Fault, Faults, Held
    from .layer import TrialLayer
    from .live import ChannelLiveServerTestCase, LiveSite
    from .live_processes import ProtocolServerProcess, WorkerProcess
    from .routes import apply_routes
    from .sockets import HttpClient, WSClient

# Type checkers read it, so it is a literal.
__all__ = [
    "ChannelLiveServerTestCase",
    "ChannelTestCase",
    "ChannelTestCaseMixin",
    "Client",
    "Fault",
    "Faults",
    "Held",
    "HttpClient",
    "LiveSite",
    "ProtocolServerProcess",
    "TransactionChannelTestCase",
    "TrialLayer",
    "WSClient",
    "WorkerProcess",
    "apply_routes",
]

#: Public name -> module that defines it. `HttpClient` is the 1.x name of `WSClient`.
_HOMES = {
    "ChannelLiveServerTestCase": "live",
    "ChannelTestCase": "cases",
    "ChannelTestCaseMixin": "cases",
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

if not TYPE_CHECKING:  # with it, type checkers would accept every name

    def __getattr__(name):
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
