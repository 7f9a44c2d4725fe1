"""Permissions of UNIX sockets: `--trusted-proxies unix` trusts every user of the machine with access to one.

Connecting needs write permission on the socket and search permission on each folder above it.
"""

import logging
import os
import stat

log = logging.getLogger(__name__)


def is_open_to_all(path: str) -> bool:
    """Return whether every user of this machine can connect to the socket at `path`; False if that cannot be read."""
    if path.startswith("\0"):
        return True  # an abstract one has no permissions
    try:
        if not os.stat(path).st_mode & stat.S_IWOTH:
            return False
        folder = os.path.dirname(os.path.abspath(path))
        while os.stat(folder).st_mode & stat.S_IXOTH:
            if folder == os.path.dirname(folder):
                return True
            folder = os.path.dirname(folder)
    except OSError:
        pass
    return False


def warn_of_open_socket(path: str) -> None:
    """Log a warning if any user of this machine can connect to a socket whose clients are trusted."""
    if is_open_to_all(path):
        log.warning(
            "Every user of this machine can connect to %r, and say by X-Forwarded-* who the client is: give the socket "
            "the mode 0660 and the group of the proxy, or take unix out of --trusted-proxies",
            path,
        )
