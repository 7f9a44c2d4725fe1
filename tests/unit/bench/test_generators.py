"""The counts of the load generators: percentiles, echoes, deliveries, responses."""

import argparse
import asyncio
import time
from types import SimpleNamespace

import pytest

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture
def tally(generators, monkeypatch):
    """A group of two members, of which what they say is kept."""
    module = generators("sockets")
    answers = []
    monkeypatch.setattr(module, "say", answers.append)
    tally = module.Tally(2)
    tally.answers = answers
    return tally


@pytest.fixture
def echo_client(generators):
    """A client with two texts under way at once, and what it sends."""
    client = generators("sockets").EchoClient(argparse.Namespace(size=8, window=2), [])
    sent = []
    client.on_ws_connected(SimpleNamespace(send=lambda kind, text: sent.append(text)))
    client.start()
    return client, sent


@pytest.fixture
def get_client(generators):
    """A client with a connection that keeps what is written to it."""
    module = generators("pages")
    written = []
    client = module.GetClient("127.0.0.1", 80, b"GET /", module.Tally())
    client.connection_made(SimpleNamespace(write=written.append))
    return client, written, client._tally


@pytest.mark.parametrize(("percent", "expected"), [(0, 1000), (50, 51_000), (99, 100_000), (100, 100_000)])
def test_percentiles_are_values_that_were_measured(generators, percent, expected):
    assert generators("measuring").percentile_ms(list(range(100, 0, -1)), percent) == expected


def test_one_value_is_its_own_percentile(generators):
    percentile_ms = generators("measuring").percentile_ms
    assert [percentile_ms([0.5], percent) for percent in (0, 50, 99)] == [500, 500, 500]


def test_a_text_that_reached_all_is_delivered_once(tally):
    sent_at = f"{time.monotonic() - 1:.9f}"
    tally.add(sent_at)
    assert tally.answers == []
    tally.add(sent_at.ljust(64))
    assert tally.answers == [], "two texts are not the same text twice"
    tally.add(sent_at)
    assert tally.answers == [{"delivered": 1}]
    assert tally.lasts[0] == pytest.approx(1, abs=0.5)


def test_a_delivery_too_many_is_counted_and_reaches_no_other_member(generators, tally, frame):
    twice, once = (generators("sockets").Member(tally) for _ in range(2))
    for member in (twice, twice, once):
        member.on_ws_frame(None, frame(b"1.0"))
    assert tally.doubled == 1
    assert tally.answers == [{"delivered": 1}]


def test_the_warm_up_is_forgotten(tally):
    tally.add("1.0")
    tally.restart()
    tally.add("1.0")
    assert tally.answers == []
    assert len(tally.latencies) == 1


def test_what_is_missing_in_the_end_is_said(generators, tally, monkeypatch):
    monkeypatch.setattr(generators("sockets"), "PATIENCE_SECONDS", 0)
    tally.add(f"{time.monotonic():.9f}")
    asyncio.run(generators("sockets")._sum_up(tally, 2, 2))
    assert tally.answers[-1]["missed"] == 3


def test_every_echo_lets_the_next_text_go(echo_client, frame):
    client, sent = echo_client
    assert sent == [b"1xxxxxxx", b"2xxxxxxx"]
    client.on_ws_frame(None, frame(b"1xxxxxxx"))
    assert sent[2:] == [b"3xxxxxxx"]
    assert (client.wrong, client.waiting) == (0, 2)


@pytest.mark.parametrize("echoes", [[b"2xxxxxxx", b"1xxxxxxx"], [b"1xxxxxxx", b"1xxxxxxx"], [b"1", b"2"]])
def test_echoes_out_of_order_doubled_or_changed_are_wrong(echo_client, frame, echoes):
    client, _ = echo_client
    for echo in echoes:
        client.on_ws_frame(None, frame(echo))
    assert client.wrong >= 1


def test_an_echo_of_nothing_is_wrong(echo_client, frame):
    client, _ = echo_client
    client.is_running = False
    for text in (b"1xxxxxxx", b"2xxxxxxx", b"2xxxxxxx"):
        client.on_ws_frame(None, frame(text))
    assert client.wrong == 1


def test_a_response_in_pieces_is_one_response(get_client):
    client, written, tally = get_client
    for at in range(0, len(HELLO), 10):
        assert tally.total == 0
        client.data_received(HELLO[at : at + 10])
    assert tally.statuses == {"200": 1}
    assert written == [b"GET /", b"GET /"]


def test_one_response_after_the_other_is_two(get_client):
    client, _, tally = get_client
    for _ in range(2):
        client.data_received(HELLO[:10])
        client.data_received(HELLO[10:])
    assert tally.statuses == {"200": 2}
    client.is_running = False
    client.connection_lost(None)
    assert tally.total == 2, "what was answered is not answered once more by the end of the connection"


def test_a_response_in_chunks_ends_with_the_last_chunk(get_client):
    client, written, tally = get_client
    client.data_received(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    assert tally.total == 0
    client.data_received(b"0\r\n\r\n")
    assert tally.total == 1
    assert len(written) == 2


def test_nothing_is_asked_of_a_connection_that_will_close(get_client):
    client, written, tally = get_client
    client.data_received(HELLO.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert tally.total == 1
    assert written == [b"GET /"]


def test_a_response_that_ends_with_its_connection_counts(get_client):
    client, _, tally = get_client
    client.is_running = False
    client.data_received(b"HTTP/1.0 200 OK\r\n\r\nhello")
    assert tally.total == 0
    client.connection_lost(None)
    assert tally.statuses == {"200": 1}


def test_errors_are_distinguished_from_answers(get_client):
    client, _, tally = get_client
    client.data_received(HELLO.replace(b"200 OK", b"503 No"))
    assert tally.statuses == {"503": 1}
