"""The systems that are measured, in the order of the table."""

from collections.abc import Sequence

from .autobahn import Autobahn
from .base import System
from .channels import Channels
from .gunicorn import Gunicorn
from .nchan import Nchan
from .pushpin import Pushpin
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
