"""The addresses of the configuration as endpoints, with errors that name the address and the remedy.

Several may be combined. Inherited descriptors are sockets that another process opened and may share among many: they
are never shut down, re-permitted or removed here, and accepting from them must not block.
"""

import errno
import os
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet import tcp, unix
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.python.failure import Failure
from zope.interface import implementer

from towpath.layers.errors import ConfigurationError, TowpathError

from ..config import DEFAULT_BIND, DEFAULT_PORT, InterfaceConfig
from .unix_permissions import warn_of_open_socket

#: Connections that may wait to be accepted: many clients reconnect at once after a restart.
BACKLOG = 2048

_HINTS = {
    errno.EADDRINUSE: "it is taken; choose another one, or stop what listens there",
    errno.EACCES: "this user may not; ports below 1024 need a privilege, and files a folder that can be written to",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.ENOENT: "its folder does not exist",
}


class CannotListen(TowpathError):
    """Raised at start when an address cannot be used: choose another one, or free it."""


# `Any`: endpoints call factories and reactors, which have no common types in Twisted.
@implementer(IStreamServerEndpoint)
class Address:
    """An endpoint with a name for messages."""

    def __init__(self, label: str, listen: Callable[[Any], Any]) -> None:
        self.label = label
        self._listen = listen

    def listen(self, protocolFactory: Any) -> "Deferred[Any]":  # noqa: N803  # the interface's name
        """Listen; the Deferred fires with the port, or fails with `CannotListen`."""
        port: Deferred[Any] = maybeDeferred(self._listen, protocolFactory)
        return port.addErrback(self._explain)

    def _explain(self, failure: Failure) -> None:
        failure.trap(CannotListenError, OSError, ConfigurationError)
        error = failure.value
        cause = error.socketError if isinstance(error, CannotListenError) else error
        hint = _HINTS.get(getattr(cause, "errno", None) or 0, str(cause))
        raise CannotListen(f"cannot listen on {self.label}: {hint}") from error


def addresses(reactor: Any, config: InterfaceConfig) -> list[Address]:
    """Return the endpoints of the configuration: 127.0.0.1:8000 if it names none.

    Raises:
        ConfigurationError: an endpoint string cannot be understood, or what it needs is not installed.
    """
    found = [_from_string(reactor, text, config) for text in config.endpoints]
    if config.unix_socket is not None:
        found.append(_unix(reactor, config.unix_socket, config.unix_socket_mode))
    if config.fd is not None:
        found.append(_inherited(reactor, config.fd, config.trusts_unix))
    if config.bind is not None or config.port is not None or not found:
        found.append(_tcp(reactor, config.bind, config.port))
    return found


def _tcp(reactor: Any, bind: str | None, port: int | None) -> Address:
    host = (DEFAULT_BIND if bind is None else bind).removeprefix("[").removesuffix("]")
    number = DEFAULT_PORT if port is None else port
    label = f"[{host}]:{number}" if ":" in host else f"{host}:{number}"

    def listen(factory: Any) -> Any:
        return reactor.listenTCP(number, factory, backlog=BACKLOG, interface=host)

    return Address(label, listen)


def _unix(reactor: Any, path: str, mode: int) -> Address:
    """A UNIX socket; its lock file lets a stale socket of a process that was killed be replaced."""

    def listen(factory: Any) -> Any:
        try:
            return reactor.listenUNIX(path, factory, backlog=BACKLOG, mode=mode, wantPID=True)
        except CannotListenError as error:
            if isinstance(error.socketError, str):
                raise OSError(errno.EADDRINUSE, error.socketError) from error
            raise

    return Address(f"unix socket {path}", listen)


def _from_string(reactor: Any, text: str, config: InterfaceConfig) -> Address:
    is_unix = text.removeprefix("haproxy:").startswith("unix:")
    full = f"{text}:mode={config.unix_socket_mode:o}" if is_unix and ":mode=" not in text else text
    try:
        endpoint: Any = serverFromString(reactor, full)
    except Exception as error:  # Twisted, its plugins and OpenSSL raise a dozen kinds here
        raise ConfigurationError(f"the endpoint {text!r} cannot be used: {error!r}") from error

    def listen(factory: Any) -> Any:
        listening = endpoint.listen(factory)
        if is_unix and config.trusts_unix:
            listening.addCallback(_warned)
        return listening

    return Address(f"endpoint {text}", listen)


def _warned(port: Any) -> Any:
    warn_of_open_socket(os.fsdecode(port.getHost().name))
    return port


def _inherited(reactor: Any, fd: int, trusts_unix: bool) -> Address:
    def listen(factory: Any) -> Any:
        family = prepare_inherited(fd)
        if family == socket.AF_UNIX:
            if trusts_unix:
                warn_of_open_socket(_path_of(fd))
            kind: Any = InheritedUnixPort
            port = kind._fromListeningDescriptor(reactor, fd, factory)
            port.startListening()
            return port
        return reactor.adoptStreamPort(fd, family, factory)

    return Address(f"inherited descriptor {fd}", listen)


def _path_of(fd: int) -> str:
    with socket.socket(fileno=os.dup(fd)) as inherited:
        return os.fsdecode(inherited.getsockname())


def prepare_inherited(fd: int) -> socket.AddressFamily:
    """Make sure that an inherited descriptor is a listening stream socket that does not block; return its family.

    Raises:
        ConfigurationError: it is closed, or no stream socket.
    """
    try:
        inherited = socket.socket(fileno=os.dup(fd))
    except OSError as error:
        raise ConfigurationError(f"descriptor {fd} is not an open socket ({error.strerror})") from error
    with inherited:
        if inherited.type != socket.SOCK_STREAM:
            raise ConfigurationError(f"descriptor {fd} is a socket, but not one for streams")
        if not inherited.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            inherited.listen(BACKLOG)
        inherited.setblocking(False)
        return socket.AddressFamily(inherited.family)


class InheritedUnixPort(unix.Port):
    """A UNIX socket that belongs to another process. Twisted's own would change its mode and backlog, and remove it."""

    _shouldShutdown = False

    def startListening(self) -> None:
        """Accept from the socket as it is."""
        port: Any = self  # Twisted assigns methods and optional attributes here, against its own annotations
        tcp._reservedFD.reserve()
        port.factory.doStart()
        port.connected = True
        port.socket, port._preexistingSocket = port._preexistingSocket, None
        port.fileno = port.socket.fileno
        port.numberAccepts = 100
        port.startReading()

    def connectionLost(self, reason: Failure) -> None:
        """Close this process's descriptor, and leave the file to its owner."""
        tcp.Port.connectionLost(self, reason)
