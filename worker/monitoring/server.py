"""The monitoring address of a worker process: threads of its own answer, also while consumers block."""

import logging
import os
import socket
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from threading import Thread
from typing import Any

from towpath.layers.errors import LayerUnavailable
from towpath.layers.monitoring import Health, MonitoringAddress, Page, page_of
from towpath.layers.monitoring.pages import TEXT_TYPE, Collect

log = logging.getLogger(__name__)

#: Permissions of a UNIX socket: the site's user and its group.
SOCKET_MODE = 0o660
#: Silence of a client before it is disconnected, in seconds.
IDLE_SECONDS = 15


class MonitoringServer:
    """Serves the pages of `layers.monitoring.pages` in a thread."""

    def __init__(
        self, address: MonitoringAddress, health: Callable[[], Health], metrics: Mapping[str, Collect]
    ) -> None:
        """Listen.

        Raises:
            OSError: the address cannot be used.
        """
        self._address = address
        self._server: Any = _listen(address, _handler(health, metrics))
        self._thread = Thread(target=self._server.serve_forever, name="towpath-monitoring", daemon=True)

    @property
    def port(self) -> int:
        """The port of a TCP address."""
        port: int = self._server.server_address[1]
        return port

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop to listen, and remove a UNIX socket."""
        self._server.shutdown()
        self._server.server_close()
        if self._address.path is not None:
            Path(self._address.path).unlink(missing_ok=True)


class _TcpServer(ThreadingMixIn, HTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without the look-up of a host name, which may take seconds."""
        super(HTTPServer, self).server_bind()


class _Tcp6Server(_TcpServer):
    address_family = socket.AF_INET6


class _UnixServer(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


def _listen(address: MonitoringAddress, handler: type[BaseHTTPRequestHandler]) -> Any:
    if address.path is None:
        kind = _Tcp6Server if ":" in address.host else _TcpServer
        return kind((address.host, address.port), handler)
    _remove_stale(address.path)
    server = _UnixServer(address.path, handler)
    os.chmod(address.path, SOCKET_MODE)
    return server


def _remove_stale(path: str) -> None:
    """Remove the socket of a process that was killed; one that is in use stays, and cannot be bound."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink(missing_ok=True)
        except OSError:
            return


def _handler(health: Callable[[], Health], metrics: Mapping[str, Collect]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = IDLE_SECONDS
        server_version = "towpath"
        sys_version = ""

        def do_GET(self) -> None:  # the library's name
            self._answer(has_body=True)

        def do_HEAD(self) -> None:
            self._answer(has_body=False)

        def _answer(self, has_body: bool) -> None:
            try:
                page = page_of(self.path.partition("?")[0], health, metrics)
            except LayerUnavailable as error:
                page = Page(503, TEXT_TYPE, f"{error}\n".encode())
            except Exception:
                log.exception("Answering %.200r failed", self.path)
                page = Page(500, TEXT_TYPE, b"Internal Server Error\n")
            self.send_response(page.status)
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(page.body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if has_body:
                self.wfile.write(page.body)

        def log_message(self, format: str, *args: object) -> None:  # the library's name
            """Write nothing: checks come every few seconds."""

        def address_string(self) -> str:
            return "-"

    return Handler
