"""A body of 1 GiB passes in either direction, and the memory of every process stays flat."""

import os
import re
import select
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

MEBIBYTE = 1024 * 1024
#: CI sends 1 GiB on one Python, and less on the others.
SIZE_MEBIBYTES = 256 if os.environ.get("TOWPATH_SHORT") == "1" else 1024
SIZE = SIZE_MEBIBYTES * MEBIBYTE
#: How far a process may rise above its resting size, in bytes.
ALLOWANCE = 64 * MEBIBYTE


class Peak:
    """The highest resident size of processes since the last `reset`."""

    def __init__(self, *pids: int) -> None:
        self._pids = pids
        self._resting = {pid: self._read(pid, "VmRSS") for pid in pids}
        for pid in pids:
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def rises(self) -> list[int]:
        """Return by how many bytes each process rose above its size at the start."""
        return [self._read(pid, "VmHWM") - self._resting[pid] for pid in self._pids]

    def _read(self, pid: int, name: str) -> int:
        found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        assert found is not None
        return int(found.group(1)) * 1024


@pytest.fixture
def running(stack: Any, status_of: Any) -> tuple[int, tuple[int, int]]:
    """An interface server and a worker at rest: the port, and both process ids."""
    interface, port = stack.interface()
    worker = stack.worker()
    assert status_of(f"http://127.0.0.1:{port}/hello/") == 200
    return port, (interface.pid, worker.pid)


def _head(client: socket.socket) -> bytes:
    """Read a response's head; return what followed it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(65536)
        assert piece, f"the connection ended within the head: {data!r}"
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    return rest


def test_an_upload_into_a_view_that_reads_in_pieces_keeps_memory_flat(running: Any) -> None:
    port, pids = running
    peak = Peak(*pids)
    piece = b"x" * MEBIBYTE
    with closing(socket.create_connection(("127.0.0.1", port), 90)) as client:
        client.sendall(f"POST /upload/ HTTP/1.1\r\nHost: x\r\nContent-Length: {SIZE}\r\n\r\n".encode())
        for _ in range(SIZE // len(piece)):
            client.sendall(piece)
        assert _head(client).endswith(str(SIZE).encode())
    assert max(peak.rises()) < ALLOWANCE, peak.rises()


def test_a_download_to_a_client_that_reads_slowly_keeps_memory_flat(running: Any) -> None:
    port, pids = running
    peak = Peak(*pids)
    with closing(socket.create_connection(("127.0.0.1", port), 90)) as client:
        client.sendall(b"GET /download/%d/ HTTP/1.0\r\nHost: x\r\n\r\n" % SIZE_MEBIBYTES)
        received = len(_head_of_1_0(client))
        while piece := client.recv(MEBIBYTE):
            received += len(piece)
            if received < 8 * MEBIBYTE:
                # This is the slow reader, not a wait for something: nothing is ever readable here.
                select.select([], [], [], 0.1)
    assert received == SIZE
    assert max(peak.rises()) < ALLOWANCE, peak.rises()


def _head_of_1_0(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.recv(4096)
    head, _, rest = data.partition(b"\r\n\r\n")
    assert b" 200" in head.splitlines()[0], head
    return rest
