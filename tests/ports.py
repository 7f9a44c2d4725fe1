"""Free TCP ports for servers that tests start."""

import random
import socket
from contextlib import closing

#: Below the ports that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere), so that none of
#: those takes a port before the server listens on it.
PORTS = range(15_000, 32_000)


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 on which no process listens."""
    chance = random.SystemRandom()  # tests have seeds, and would choose the same port in several processes
    while True:
        port = chance.choice(PORTS)
        try:
            with closing(socket.create_server(("127.0.0.1", port))):
                return port
        except OSError:
            continue
