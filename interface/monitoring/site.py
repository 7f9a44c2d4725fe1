"""The monitoring address of an interface server, answered by its event loop: if that hangs, no check passes."""

from collections.abc import Callable, Sequence
from typing import Any

from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import Site

from towpath.layers.monitoring import Family, Health, MonitoringAddress, page_of

from ..eventloop.deferred import awaited
from ..process.endpoints import Address

#: Permissions of a UNIX socket: the site's user and its group.
SOCKET_MODE = 0o660
#: Silence of a client before it is disconnected, in seconds.
IDLE_SECONDS = 15


class MonitoringSite(Site):
    """Serves the pages of `layers.monitoring.pages`."""

    noisy = False
    displayTracebacks = False

    def __init__(self, health: Callable[[], Health], families: Callable[[], Sequence[Family]]) -> None:
        super().__init__(_Pages(health, families), timeout=IDLE_SECONDS)  # type: ignore[no-untyped-call]

    def log(self, request: Request) -> None:
        """Write nothing: checks arrive every few seconds."""


class _Pages(Resource):
    isLeaf = True

    def __init__(self, health: Callable[[], Health], families: Callable[[], Sequence[Family]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._health = health
        self._families = families

    def render_GET(self, request: Any) -> bytes:  # Twisted's name
        """Return a page; Twisted derives HEAD from it, and answers other methods with 405."""
        path = request.path.decode("ascii", "replace")
        page = page_of(path, self._health, {"/metrics": self._families})
        request.setResponseCode(page.status)
        request.setHeader(b"content-type", page.content_type.encode())
        request.setHeader(b"cache-control", b"no-store")
        return page.body


# `Any`: see `reactor`.
async def listen(
    reactor: Any, address: MonitoringAddress, health: Callable[[], Health], families: Callable[[], Sequence[Family]]
) -> Any:
    """Serve the pages; return the port.

    Raises:
        CannotListen: the address cannot be used.
    """

    def open_port(factory: Any) -> Any:
        if address.path is not None:
            return reactor.listenUNIX(address.path, factory, mode=SOCKET_MODE, wantPID=True)
        return reactor.listenTCP(address.port, factory, interface=address.host)

    endpoint = Address(f"the address of metrics {address}", open_port)
    return await awaited(endpoint.listen(MonitoringSite(health, families)))
