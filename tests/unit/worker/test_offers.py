"""Requests whose body still comes: for consumers of routes that stream uploads, and declined by all others."""

import pytest

from towpath.handler.network import NetworkWaits
from towpath.layers import Envelope, Settlement
from towpath.routing import Router, include, route
from towpath.worker.run import Runner, RunOptions

REPLY = "interface.x!1"
OFFER = {
    "reply_channel": REPLY,
    "path": "/upload/",
    "body": b"",
    "body_channel": "http.request.body?a",
    "body_is_complete": False,
}
REQUEST = {**OFFER, "body_length": 3_000_000}
del REQUEST["body_is_complete"]


@pytest.fixture
def run(layer):
    """Run a message through a routing; return what is settlement."""

    def run(content, *routes):
        return Runner(layer, Router(list(routes)), RunOptions(), [].append).run(Envelope("http.request", content, 7))

    return run


def test_an_offer_is_declined_and_no_consumer_runs(run):
    seen = []
    settlement = run(OFFER, route("http.request", seen.append))
    assert settlement == Settlement([Envelope(REPLY, {"body_whole": True})], REPLY, 7)
    assert seen == []


def test_a_consumer_of_a_route_that_streams_uploads_gets_the_offer(run):
    seen = []
    settlement = run(OFFER, route("http.request", seen.append, path="^/upload/", stream_uploads=True))
    assert settlement == Settlement([], REPLY, 7)
    assert len(seen) == 1


def test_an_include_keeps_what_streams_uploads(run):
    seen = []
    run(OFFER, include([route("http.request", seen.append, stream_uploads=True)], path="^/upload"))
    assert len(seen) == 1


def test_a_request_whose_body_is_complete_goes_to_any_consumer(run):
    seen = []
    run(REQUEST, route("http.request", seen.append))
    assert len(seen) == 1


def test_an_offer_is_declined_when_as_many_threads_as_may_wait_for_clients(run, monkeypatch):
    waits = NetworkWaits(2)
    monkeypatch.setattr("towpath.handler.network.get_ident", lambda: 1)
    assert waits.enter()
    monkeypatch.setattr("towpath.handler.network.get_ident", lambda: 2)
    monkeypatch.setattr("towpath.worker.run.network_waits", waits)
    seen = []
    settlement = run(OFFER, route("http.request", seen.append, stream_uploads=True))
    assert settlement.sends == [Envelope(REPLY, {"body_whole": True})]
    assert seen == []


def test_a_consumer_of_an_offer_counts_as_waiting_until_it_ends(run, monkeypatch):
    waits = NetworkWaits(2)
    monkeypatch.setattr("towpath.worker.run.network_waits", waits)
    monkeypatch.setattr("towpath.handler.network.get_ident", lambda: 1)
    entered = []

    def consumer(message):
        monkeypatch.setattr("towpath.handler.network.get_ident", lambda: 2)
        entered.append(waits.enter())
        monkeypatch.setattr("towpath.handler.network.get_ident", lambda: 1)
        raise RuntimeError

    run(OFFER, route("http.request", consumer, stream_uploads=True))
    assert entered == [False]
    assert waits.enter()
