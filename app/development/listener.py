"""The socket that `runserver` listens on, opened before anything else: a taken port is reported first."""

import errno
import socket

#: The texts of Django's own server for errors that a user can correct.
_TEXTS = {
    errno.EACCES: "You don't have permission to access that port.",
    errno.EADDRINUSE: "That port is already in use.",
    errno.EADDRNOTAVAIL: "That IP address can't be assigned to.",
}
#: Clients that may wait to be accepted: a page of many files, while code is loaded.
_BACKLOG = 128


def open_listener(address: str, port: int, ipv6: bool) -> socket.socket:
    """Listen on an address or host name; port 0 takes a free one.

    Raises:
        OSError: that is not possible; `describe` says why.
    """
    return socket.create_server((address, port), family=socket.AF_INET6 if ipv6 else socket.AF_INET, backlog=_BACKLOG)


def describe(error: OSError) -> str:
    """Return why a port could not be opened, for the user."""
    return _TEXTS.get(error.errno or 0, str(error))
