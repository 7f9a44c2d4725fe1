"""Clients that read slowly, or not at all, on real connections: a client is slow when time passes without progress."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from towpath.interface.websocket.output import STALL_SECONDS

TEXT, CLOSE, PING = 1, 8, 9
PATIENCE_SECONDS = 30
LENGTH = 100_000


@pytest.fixture(scope="module")
def impatient_server(start_server: Callable[..., Any]) -> Any:
    """A server that pings each second and wants the pong within one."""
    return start_server("--grace", "2", "--ping-interval", "1", "--ping-timeout", "1")


def messages(frames: list[Any]) -> list[int]:
    """Return the numbers of the messages among frames that were sent whole."""
    found = [frame for frame in frames if frame.opcode not in (CLOSE, PING)]
    assert all(len(frame.payload) == LENGTH for frame in found)
    return [int(frame.payload[:10]) for frame in found]


@pytest.mark.parametrize("count", [30, 150])
def test_a_burst_of_one_consumer_reaches_a_client_that_reads(server: Any, make_frame: Any, count: int) -> None:
    with closing(server.connect()) as client:
        client.handshake(path=b"/burst/")
        client.send(make_frame(TEXT, b"%d %d" % (count, LENGTH)))
        assert messages([client.frame() for _ in range(count)]) == list(range(count))
        client.send(make_frame(PING, b"still open"))
        assert client.frame().payload == b"still open"


def test_a_burst_with_a_close_behind_it_is_read_to_its_end(server: Any, make_frame: Any) -> None:
    with closing(server.connect()) as client:
        client.handshake(path=b"/burst/")
        client.send(make_frame(TEXT, b"100 %d close" % LENGTH))
        frames = [client.frame() for _ in range(101)]
        assert messages(frames) == list(range(100))
        assert (frames[-1].opcode, frames[-1].payload) == (CLOSE, b"\x03\xe8")


def test_a_client_that_reads_slowly_gets_all_of_a_burst(impatient_server: Any, make_frame: Any) -> None:
    """It takes longer than a stall, a close and the answer to a ping may take."""
    count = 140
    with closing(impatient_server.connect()) as client:
        client.handshake(path=b"/burst/")
        client.send(make_frame(TEXT, b"%d %d close" % (count, LENGTH)))
        began, frames = time.monotonic(), []
        while not frames or frames[-1].opcode != CLOSE:
            due = began + 2 * STALL_SECONDS * len(frames) / count
            while time.monotonic() < due:  # the pace of a slow client: nothing is waited for
                time.sleep(0.01)
            frames.append(client.frame())
        assert messages(frames) == list(range(count))


def test_a_client_that_does_not_read_a_burst_is_closed_with_1013(server: Any, make_frame: Any) -> None:
    with closing(server.connect()) as client:
        client.handshake(path=b"/burst/")
        client.send(make_frame(TEXT, b"150 %d" % LENGTH))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "closed with 1013 (server: reads too slowly)" not in server.log:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        frames = client.frames()
        if frames[-1].opcode == CLOSE:  # it is aborted a second later, with its unread bytes
            assert frames[-1].payload[:2] == (1013).to_bytes(2, "big")
        assert messages(frames) == list(range(len(messages(frames))))
