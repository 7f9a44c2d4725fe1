"""The systems that are measured, in the order of the table."""

from collections.abc import Sequence

from .base import System
from .proxies import Nchan, Pushpin
from .servers import Autobahn, Channels, Gunicorn
from .towpath import Towpath

SYSTEMS: Sequence[System] = (
    Towpath(),
    Channels("sync", "daphne", "core"),
    Channels("sync", "uvicorn", "core"),
    Channels("sync", "uvicorn", "pubsub"),
    Channels("async", "daphne", "pubsub"),
    Channels("async", "uvicorn", "core"),
    Channels("async", "uvicorn", "pubsub"),
    Gunicorn("sync"),
    Gunicorn("gthread"),
    Pushpin(),
    Nchan(),
    Autobahn(),
)
