"""The cost of hostile bytes and connections for an interface server, beside honest ones in the same run.

    python -m bench.hostile [--seconds N] [--connections N]

Two tables in Markdown: processor time for each KiB that a client sends, as a multiple of what a KiB of honest echoes of
64 bytes costs; and memory for each connection, as a multiple of what an idle WebSocket holds. Hostile clients do their
worst that stays within the protocol, or that ends a connection and begins the next one.
"""

import argparse
import selectors
import socket
import struct
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from . import tls_floods
from .systems.base import Running, Shape
from .systems.processes import processor_seconds, wait_until_quiet
from .systems.towpath import Towpath

KIB = 1024
MASK = b"mask"
HANDSHAKE = (
    b"GET /echo/ HTTP/1.1\r\nHost: localhost\r\n%sConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
OPEN = HANDSHAKE % b""
GET = b"GET /hello/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"POST /upload/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


def frame(first: int, payload: bytes = b"") -> bytes:
    """Return a client's frame with its first byte and a payload of at most 125 bytes, or of 64 KiB and more."""
    length = bytes([128 | len(payload)]) if len(payload) < 126 else b"\xff" + struct.pack("!Q", len(payload))
    key = int.from_bytes(MASK * (len(payload) // 4 + 1), "big") >> 8 * (4 - len(payload) % 4)
    masked = (int.from_bytes(payload, "big") ^ key).to_bytes(len(payload), "big")
    return bytes([first]) + length + MASK + masked


#: The bytes that a client sends once, and those that it repeats, in blocks that fit into one packet each.
BYTES: Mapping[str, tuple[bytes, bytes]] = {
    "echoes of 64 bytes (honest)": (OPEN, frame(0x81, b"x" * 64)),
    "pages (honest)": (b"", GET),
    "an upload (honest)": (CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    "a head in packets of a byte": (GET[:-2] + b"x: ", b"y"),
    "heads that are no requests": (b"", b"x\r\n\r\n"),
    "handshakes of a foreign page": (b"", HANDSHAKE % b"Origin: https://evil.example\r\n"),
    "chunks of a byte": (CHUNKED, b"1\r\nx\r\n" * 1000),
    "pings": (OPEN, frame(0x89) * 1000),
    "empty fragments of a message": (OPEN + frame(0x01, b"x"), frame(0x00) * 1000),
    "a message in fragments of a byte": (OPEN + frame(0x01, b"x"), frame(0x00, b"x") * 1000),
    "empty messages": (OPEN, frame(0x81) * 1000),
}
#: The bytes that a client sends before it is silent.
CONNECTIONS: Mapping[str, bytes] = {
    "an idle WebSocket (honest)": OPEN,
    "a connection without any bytes": b"",
    "an incomplete head of 30 KiB": GET[:-2] + b"x: " + b"y" * 30 * KIB,
    "an incomplete message of 200 KiB": OPEN + frame(0x82, bytes(200 * KIB))[:-1],
    "an incomplete upload of 200 KiB": CHUNKED + b"FFFFF\r\n" + bytes(200 * KIB),
    "60 KiB sent ahead of an echo": OPEN + frame(0x82, bytes(64 * KIB))[: 60 * KIB],
}
HONEST_BYTES, HONEST_CONNECTION = next(iter(BYTES)), next(iter(CONNECTIONS))


class Flood:
    """Sends blocks over one connection after the other, as fast as the server reads them, and reads the answers."""

    def __init__(self, port: int, once: bytes, block: bytes) -> None:
        self._port = port
        self._once = once
        self._block = block
        self.sent_bytes = 0

    def send(self, until: float) -> None:
        """Send until a time of the clock."""
        while time.monotonic() < until:
            with closing_reset(self._port) as client, suppress(ConnectionError, BlockingIOError):
                client.sendall(self._once)
                self.sent_bytes += len(self._once)
                client.setblocking(False)
                self._send_blocks(client, until)

    def _send_blocks(self, client: socket.socket, until: float) -> None:
        left = memoryview(self._block)
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while (now := time.monotonic()) < until:
                for _, events in selector.select(until - now):
                    if events & selectors.EVENT_READ and not client.recv(1 << 16):
                        return
                    if events & selectors.EVENT_WRITE:
                        count = client.send(left)
                        self.sent_bytes += count
                        left = left[count:] or memoryview(self._block)


@contextmanager
def closing_reset(port: int) -> Iterator[socket.socket]:
    """Connect, without Nagle's algorithm; close with a reset, which leaves no port in TIME_WAIT."""
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        yield client


def microseconds_a_kib(running: Running, once: bytes, block: bytes, seconds: float) -> float:
    """Return the processor time of the interface server for each KiB that a client sends."""
    flood = Flood(port_of(running), once, block)
    before = processor_seconds(running.processes["interface"])
    flood.send(time.monotonic() + seconds)
    wait_until_quiet([running], 0.5)
    return (processor_seconds(running.processes["interface"]) - before) * 1e6 / (flood.sent_bytes / KIB)


def kib_a_connection(running: Running, sent: bytes, count: int) -> float:
    """Return how much memory the interface server uses for each connection, in KiB."""
    with ExitStack() as stack:
        before = resident_kib(running.processes["interface"])
        for _ in range(count):
            stack.enter_context(closing_reset(port_of(running))).sendall(sent)
        wait_until_quiet([running], 0.5)
        used = (resident_kib(running.processes["interface"]) - before) / count
    wait_until_quiet([running], 0.5)
    return used


def port_of(running: Running) -> int:
    """Return the port that a system listens on."""
    return int(running.http_url.rpartition(":")[2])


def resident_kib(pids: Iterable[int]) -> float:
    """Return the resident memory of processes, in KiB."""
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return float(sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")))


def table(header: str, figures: Mapping[str, float], honest: str) -> str:
    """Return a table in Markdown, with each figure as a multiple of the honest one, too."""
    rows = [f"| {name} | {figure:.0f} | {figure / figures[honest]:.2g} |" for name, figure in figures.items()]
    return "\n".join([f"| sent | {header} | of the honest one |", "|---|---|---|", *rows, ""])


def measure_tls(seconds: float, connections: int, costs: dict[str, float], memory: dict[str, float]) -> None:
    """Add the figures of floods and connections over TLS."""
    with tls_floods.tls_endpoint() as place:
        for name, kind in tls_floods.FLOODS.items():
            with Towpath().start(Shape(workers=1, threads=2)) as running:
                wait_until_quiet([running], 0.5)
                before = processor_seconds(running.processes["interface"])
                sent_bytes = tls_floods.flood(*place, kind, seconds)
                wait_until_quiet([running], 0.5)
                used = processor_seconds(running.processes["interface"]) - before
                costs[name] = used * 1e6 / (sent_bytes / KIB)
        for name, held in tls_floods.CONNECTIONS.items():
            with Towpath().start(Shape(workers=1, threads=2)) as running, ExitStack() as stack:
                for _ in range(20):
                    tls_floods.hold(stack, *place, held)
                before_kib = resident_kib(running.processes["interface"])
                for _ in range(connections):
                    tls_floods.hold(stack, *place, held)
                wait_until_quiet([running], 0.5)
                memory[name] = (resident_kib(running.processes["interface"]) - before_kib) / connections


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(prog="bench.hostile", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=3, help="of each flood (default: 3)")
    parser.add_argument("--connections", type=int, default=300, help="of each kind (default: 300)")
    options = parser.parse_args()
    with Towpath().start(Shape(workers=1, threads=2)) as running:
        wait_until_quiet([running], 0.5)
        costs = {name: microseconds_a_kib(running, *sent, options.seconds) for name, sent in BYTES.items()}
    memory = {}
    for name, sent in CONNECTIONS.items():
        with Towpath().start(Shape(workers=1, threads=2)) as running:  # another one, since freed memory is used again
            kib_a_connection(running, OPEN, 20)
            memory[name] = kib_a_connection(running, sent, options.connections)
    measure_tls(options.seconds, options.connections, costs, memory)
    sys.stdout.write(table("µs of processor time a KiB", costs, HONEST_BYTES) + "\n")
    sys.stdout.write(table("KiB a connection", memory, HONEST_CONNECTION))
    return 0


if __name__ == "__main__":
    sys.exit(main())
