"""The status of a site, read from Redis once a second at most, whatever the number of viewers."""

import time
from threading import Lock

from towpath.layers.errors import LayerUnavailable

from .site import Site
from .status import Status, read_status

#: How long a status is shown to others, in seconds.
FRESH_SECONDS = 1.0

_lock = Lock()
#: By alias of the layer: when the status was read, and the status, or the reason why there is none.
_recent: dict[str, tuple[float, Status | LayerUnavailable]] = {}


def recent_status(site: Site) -> Status:
    """Return the status of a site, not older than a second. One thread of the process reads it, the others wait for it.

    Raises:
        LayerUnavailable: Redis does not answer.
    """
    alias = site.layer.alias
    with _lock:
        if alias not in _recent or time.monotonic() - _recent[alias][0] > FRESH_SECONDS:
            status = _read(site)
            _recent[alias] = time.monotonic(), status
        status = _recent[alias][1]
    if isinstance(status, LayerUnavailable):
        raise LayerUnavailable(str(status)) from status
    return status


def forget_status(alias: str) -> None:
    """Read the status of a layer anew when it is next asked for: an order has changed it."""
    with _lock:
        _recent.pop(alias, None)


def _read(site: Site) -> Status | LayerUnavailable:
    """Read the status; an error is kept as it is, so that a Redis that hangs holds up one request a second."""
    try:
        return read_status(site.survey, site.channels)
    except LayerUnavailable as error:
        return error
