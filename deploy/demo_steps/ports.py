"""TCP ports of this machine: the check of a port, and the search for a free one."""

import socket

HOST = "127.0.0.1"


class PortTaken(Exception):
    """The port of the demo is in use; the message names the option that changes it."""


def require_free(port: int, option: str) -> None:
    """Check that the demo can listen on a port.

    Raises:
        PortTaken: another process listens on it.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise PortTaken(f"Port {port} cannot be used: {reason}. Choose another one with {option}.") from error


def free_port() -> int:
    """Return a port on which no process listens."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
