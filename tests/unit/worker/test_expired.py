"""Messages that waited longer than the expiry of their layer."""

from towpath.layers import Envelope, Settlement
from towpath.worker.expired import REQUEST_EXPIRED, settlements_of_expired


def test_expired_messages_are_settled_and_logged_in_one_line(caplog, taken):
    settlements = settlements_of_expired([taken("jobs", 5, reply_channel="i.x!1"), taken("jobs")])
    assert settlements == [Settlement([], "i.x!1", 5), Settlement()]
    assert caplog.messages == ["Dropped 2 messages of channel jobs: they waited longer than the layer's expiry"]
    assert settlements_of_expired([]) == []


def test_the_client_of_an_expired_message_is_notified(taken):
    request = settlements_of_expired([taken("http.request", 1, reply_channel="i.x!1")])
    assert request == [Settlement([Envelope("i.x!1", REQUEST_EXPIRED)], "i.x!1", 1)]
    assert REQUEST_EXPIRED["status"] == 503
    connect = settlements_of_expired([taken("websocket.connect", 1, reply_channel="i.x!1")])
    assert connect == [Settlement([], "i.x!1", 1, is_lost=True)]
    assert settlements_of_expired([taken("http.request", reply_channel=5)]) == [Settlement()]
