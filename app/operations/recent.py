"""The status of a site, read from Redis at most once a second for all viewers."""

import time
from threading import Lock

from towpath.layers.errors import LayerUnavailable

from .site import Site
from .status import Status, read_status

#: Seconds for which a status is shared between viewers.
FRESH_SECONDS = 1.0

_lock = Lock()
#: By alias of the layer: the time of the read, and the status or the error of the read.
_recent: dict[str, tuple[float, Status | LayerUnavailable]] = {}


def recent_status(site: Site) -> Status:
    """Return the status of a site, at most one second old. One thread of the process reads it, the others wait for it.

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
    """Drop the status of a layer, which an order has changed: the next request reads it again."""
    with _lock:
        _recent.pop(alias, None)


def _read(site: Site) -> Status | LayerUnavailable:
    """Read the status; an error is kept like a status, so that an unresponsive Redis delays one request a second."""
    try:
        return read_status(site.survey, site.channels)
    except LayerUnavailable as error:
        return error
