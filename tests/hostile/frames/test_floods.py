"""Floods of frames: bounded memory, bounded work in one go, and the next client gets its turn."""

import struct
import tracemalloc
from typing import Any

import pytest

from towpath.interface.websocket.protocol import STEPS_AT_A_TIME

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
PACKET_BYTES = 64 * 1024
KIB = 1024


def test_a_packet_full_of_pings_is_read_a_few_at_a_time(open_peer: Any, make_frame: Any) -> None:
    peer = open_peer()
    ping = make_frame(PING)
    count = PACKET_BYTES // len(ping)
    peer.socket.dataReceived(ping * count)
    turns = 0
    while not peer.transport.is_reading:
        answered = len(peer.transport.written) // 2
        assert answered <= (turns + 1) * STEPS_AT_A_TIME
        peer.turn()
        turns += 1
    assert peer.transport.written == b"\x8a\x00" * count
    assert turns >= count // STEPS_AT_A_TIME - 1


def test_who_is_held_while_it_rests_stays_held(open_peer: Any, make_frame: Any) -> None:
    peer = open_peer()
    peer.socket.dataReceived(make_frame(TEXT, b"x") * 1000)
    before = len(peer.owner.messages)
    peer.socket.hold()
    peer.turn()
    assert len(peer.owner.messages) == before
    assert not peer.transport.is_reading
    peer.socket.release()
    while not peer.transport.is_reading:
        peer.turn()
    assert len(peer.owner.messages) == 1000


def test_who_is_let_go_on_while_it_rests_does_not_read_twice(open_peer: Any, make_frame: Any) -> None:
    peer = open_peer()
    peer.socket.dataReceived(make_frame(TEXT, b"x") * 1000)
    peer.socket.hold()
    peer.socket.release()
    assert not peer.transport.is_reading
    heard = peer.send([make_frame(TEXT, b"last")])
    assert len(heard.messages) == 1001
    assert heard.messages[-1] == (b"last", False)


def test_a_client_that_leaves_while_it_rests_is_forgotten(open_peer: Any, make_frame: Any) -> None:
    peer = open_peer()
    peer.socket.dataReceived(make_frame(PING) * 1000)
    peer.transport.loseConnection()
    peer.turn()
    assert peer.owner.code == 1006
    assert peer.clock.getDelayedCalls() == []


def test_pings_without_end_hold_no_memory(open_peer: Any, make_frame: Any, times: int) -> None:
    peer = open_peer()
    packet = make_frame(PING, b"x" * 125) * 490
    held = []
    tracemalloc.start()
    try:
        for _ in range(15 * times):
            peer.send([packet])
            peer.transport.written.clear()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert held[-1] - held[1] < 100 * KIB


def test_pongs_that_the_client_does_not_read_cut_it_off(open_peer: Any, make_frame: Any) -> None:
    peer = open_peer(output_buffer_max_bytes=64 * KIB)
    peer.transport.producer.pauseProducing()
    peer.send([make_frame(PING, b"x" * 125) * 500] * 3)
    assert peer.owner.is_cut_off
    assert len(peer.transport.written) <= 65 * KIB


@pytest.mark.parametrize("payload", [b"", b"x"])
def test_fragments_without_end_are_bounded(open_peer: Any, make_frame: Any, times: int, payload: bytes) -> None:
    """Empty ones hold nothing, whatever their number; those with bytes end at the longest message."""
    peer = open_peer(max_message_bytes=8 * KIB)
    peer.send([make_frame(TEXT, payload, is_last=False)])
    packet = make_frame(CONTINUATION, payload, is_last=False) * 2000
    tracemalloc.start()
    try:
        for _ in range(5 * times):
            heard = peer.send([packet])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 200 * KIB
    if payload:
        assert heard.written[2:4] == struct.pack("!H", 1009)
    else:
        assert heard.written == b""


def test_a_long_message_in_single_bytes_is_collected_once(open_peer: Any, make_frame: Any) -> None:
    peer = open_peer()
    data = make_frame(BINARY, b"x" * 20_000)
    packets = [data[at : at + 1] for at in range(len(data))]
    tracemalloc.start()
    try:
        heard = peer.send(packets)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert heard.messages == [(b"x" * 20_000, True)]
    assert peak < 100 * KIB


def test_what_a_refused_client_goes_on_to_send_is_not_kept(open_peer: Any, make_frame: Any) -> None:
    peer = open_peer(max_message_bytes=KIB)
    peer.send([make_frame(TEXT, b"\xff")])
    tracemalloc.start()
    try:
        for _ in range(20):
            peer.send([b"\x82\xff" + struct.pack("!Q", 1 << 40) + b"mask" + b"x" * PACKET_BYTES])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2 * PACKET_BYTES
