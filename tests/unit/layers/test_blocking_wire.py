"""The blocking connection to Redis, with a socket pair in Redis's place."""

import gc
import socket
import threading
import weakref
from collections.abc import Iterator

import pytest
from hiredis import ProtocolError
from redis.exceptions import NoScriptError, ReadOnlyError, ResponseError

from towpath.layers.redis.blocking_wire import BlockingWire
from towpath.layers.redis.wires import pack


class PairOpener:
    """Opens one end of a socket pair; the newest other end is `redis`."""

    def __init__(self) -> None:
        self._sock: socket.socket | None = None
        self.redis: socket.socket
        self.opened = 0

    def connect(self) -> None:
        if self._sock is None:
            self._sock, self.redis = socket.socketpair()
            self.redis.settimeout(10)
            self.opened += 1

    def disconnect(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self.redis.close()
            self._sock = None


@pytest.fixture
def opener() -> Iterator[PairOpener]:
    opener = PairOpener()
    yield opener
    opener.disconnect()


@pytest.fixture
def wire(opener: PairOpener) -> BlockingWire:
    return BlockingWire(opener, 10)


def test_commands_leave_in_redis_protocol_and_answers_come_back_in_order(
    opener: PairOpener, wire: BlockingWire
) -> None:
    wire.write([("SET", "a", 1), ("GET", b"a")])
    assert opener.redis.recv(1000) == b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n"
    opener.redis.sendall(b"+OK\r\n$1\r\n1\r\n:7\r\n")
    assert wire.read(2) == [b"OK", b"1"]
    assert wire.read(1) == [7]
    assert opener.opened == 1


def test_what_is_packed_leaves_behind_the_commands_in_one_piece(opener: PairOpener, wire: BlockingWire) -> None:
    wire.write([("A",)], pack([("B",), ("C",)]))
    assert opener.redis.recv(1000) == b"*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n*1\r\n$1\r\nC\r\n"


def test_an_answer_in_pieces_is_one_answer(opener: PairOpener, wire: BlockingWire) -> None:
    wire.write([("GET", "a")])
    large = b"x" * 200_000
    sending = threading.Thread(target=opener.redis.sendall, args=[b"$200000\r\n" + large + b"\r\n"])
    sending.start()
    assert wire.read(1) == [large]
    sending.join()


def test_errors_of_redis_are_answers_like_others(opener: PairOpener, wire: BlockingWire) -> None:
    wire.write([("A",), ("B",), ("C",)])
    opener.redis.sendall(b"-NOSCRIPT no such\r\n-OOM full\r\n*-1\r\n")
    unknown, refused, nothing = wire.read(3)
    assert isinstance(unknown, NoScriptError)
    assert type(refused) is ResponseError and str(refused) == "OOM full"
    assert nothing is None


def test_the_end_of_the_connection_is_an_error_and_the_next_write_opens_another(
    opener: PairOpener, wire: BlockingWire
) -> None:
    wire.write([("A",)])
    opener.redis.sendall(b"$10\r\nhalf")
    opener.redis.shutdown(socket.SHUT_RDWR)
    with pytest.raises(ConnectionError, match="Redis closed the connection"):
        wire.read(1)
    wire.write([("A",)])
    opener.redis.sendall(b"+whole\r\n")
    assert wire.read(1) == [b"whole"]
    assert opener.opened == 2


@pytest.mark.parametrize("seconds", [0.01, 0.25])
def test_the_time_for_an_answer_of_redis_is_bounded(opener: PairOpener, seconds: float) -> None:
    wire = BlockingWire(opener, seconds)
    wire.write([("A",)])
    with pytest.raises(TimeoutError, match=f"no answer within {seconds} seconds"):
        wire.read(1)
    with pytest.raises(ConnectionError, match="the connection is closed"):
        wire.read(1)


def test_the_time_for_a_write_to_redis_is_bounded(opener: PairOpener) -> None:
    wire = BlockingWire(opener, 0.01)
    with pytest.raises(OSError):
        wire.write([("A", b"x" * 50_000_000)])
    assert opener._sock is None


def test_what_is_not_the_protocol_disconnects(opener: PairOpener, wire: BlockingWire) -> None:
    wire.write([("A",)])
    opener.redis.sendall(b"HTTP/1.1 400 Bad Request\r\n")
    with pytest.raises(ProtocolError):
        wire.read(1)
    assert opener._sock is None


def test_without_a_time_limit_the_socket_has_none(opener: PairOpener) -> None:
    wire = BlockingWire(opener, None)
    wire.write([("A",)])
    assert opener._sock is not None
    assert opener._sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16) == bytes(16)


@pytest.mark.parametrize("text", ["READONLY You can't write", "ERR Error running script: -READONLY You can't write"])
def test_a_replica_is_left_when_it_refuses_to_write(opener: PairOpener, wire: BlockingWire, text: str) -> None:
    wire.write([("SET", "a", 1), ("GET", "a")])
    opener.redis.sendall(f"-{text}\r\n$1\r\n0\r\n".encode())
    refusal, answer = wire.read(2)
    assert isinstance(refusal, ReadOnlyError)
    assert answer == b"0"
    wire.write([("SET", "a", 1)])
    assert opener.opened == 2


def test_an_abandoned_connection_is_freed_at_once_with_the_bytes_that_it_has_read(opener: PairOpener) -> None:
    wire = BlockingWire(opener, 10)
    wire.write([("GET", "a")])
    opener.redis.sendall(b"$3\r\nabc\r\n")
    assert wire.read(1) == [b"abc"]
    freed = weakref.ref(wire)
    gc.disable()
    try:
        del wire
        assert freed() is None
    finally:
        gc.enable()
