"""Handshakes whose consumer has returned without an answer."""

import logging
from datetime import timedelta

import pytest
from django.test import override_settings

from towpath.channels import Channel, DenyConnection, Group, ResponseLater
from towpath.layers import Envelope
from towpath.routing import Router, route
from towpath.worker.run import Runner, RunOptions

REPLY = "interface.x!1"
REFUSAL = Envelope(REPLY, {"accept": False, "status": 500})


@pytest.fixture
def run(layer):
    """Return a function that runs a consumer of a channel, and returns the sends that are settlement."""

    def run(consumer, channel="websocket.connect", **more):
        runner = Runner(layer, Router([route(channel, consumer)]), RunOptions(), lambda settlement: None)
        return runner.run(Envelope(channel, {"reply_channel": REPLY, "path": "/chat/", **more}, 7)).sends

    return run


def forgetful(message):
    Group("chat", channel_layer=message.channel_layer).send({"text": "somebody came"})
    Channel("statistics", channel_layer=message.channel_layer).send({"path": message["path"]})


class Forgetful:
    def __init__(self, message):
        pass


def test_a_handshake_without_an_answer_is_refused_at_once(run, caplog):
    assert run(forgetful)[-1] == REFUSAL
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.message.startswith(
        f"{__name__}.forgetful has not answered the WebSocket handshake of '/chat/', which is refused: "
        "send {'accept': True} to message.reply_channel"
    )


def test_the_error_names_the_class_that_has_not_answered(run, caplog):
    assert run(Forgetful) == [REFUSAL]
    assert f"{__name__}.Forgetful has not answered" in caplog.text


def content_of(envelope):
    assert envelope.channel == REPLY
    assert envelope.content["accept"] is False
    assert ["content-type", "text/plain; charset=utf-8"] in envelope.content["headers"]
    return envelope.content["status"], envelope.content["content"].decode()


def test_with_debug_the_refusal_says_why(run):
    with override_settings(DEBUG=True):
        status, content = content_of(run(forgetful)[-1])
    assert status == 500
    assert content.startswith(f"{__name__}.forgetful has not answered the WebSocket handshake of '/chat/'")


def test_with_debug_a_denied_handshake_says_why_and_an_open_socket_is_closed(run):
    def refusing(message):
        message.reply_channel.send({"accept": True})
        raise DenyConnection("the token is not valid")

    with override_settings(DEBUG=True):
        accept, refusal, close = run(refusing)
    assert (accept.content, close.content) == ({"accept": True}, {"close": True})
    assert content_of(refusal) == (403, "Refused a WebSocket on '/chat/': the token is not valid\n")


def passed_on(message):
    content = {"checks": [{"reply_channel": message.reply_channel.name}]}
    Channel("logins", channel_layer=message.channel_layer).send(content)


def raises_response_later(message):
    raise ResponseLater


@pytest.mark.parametrize(
    "consumer",
    [
        lambda message: message.reply_channel.send({"accept": True}),
        lambda message: message.reply_channel.send({"text": "hello"}),
        lambda message: message.reply_channel.send({"close": 4000}),
        lambda message: message.reply_channel.send({"accept": True}, immediately=True),
        lambda message: message.reply_channel.send({"accept": True}, delay=timedelta(seconds=1)),
        lambda message: message.reply_channel.send({"accept": True}, delay=timedelta(seconds=1), immediately=True),
        passed_on,
        raises_response_later,
    ],
)
def test_a_handshake_that_is_answered_or_passed_on_is_not_refused(run, caplog, consumer):
    assert [send for send in run(consumer) if send.content.get("accept") is False] == []
    assert caplog.records == []


def test_other_events_need_no_answer(run, caplog):
    assert run(lambda message: None, channel="websocket.receive", text="x") == []
    assert caplog.records == []


def test_a_refusal_is_logged_with_its_reason(run, caplog):
    def refusing(message):
        raise DenyConnection("the token is not valid")

    def silent(message):
        raise DenyConnection

    caplog.set_level(logging.INFO)
    for consumer in (refusing, silent):
        assert run(consumer) == [Envelope(REPLY, {"close": True})]
    assert caplog.messages == [
        "Refused a WebSocket on '/chat/': the token is not valid",
        "Refused a WebSocket on '/chat/': its consumer raised DenyConnection",
    ]


def test_a_handshake_without_a_route_is_logged_as_a_warning(layer, caplog):
    router = Router([])
    router.check_default()
    runner = Runner(layer, router, RunOptions(), lambda settlement: None)
    settlement = runner.run(Envelope("websocket.connect", {"reply_channel": REPLY, "path": "/" + "x" * 500}, 7))
    assert settlement.sends == [Envelope(REPLY, {"close": True})]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message == f"Refused a WebSocket on '/{'x' * 199}…': no route of websocket.connect matches it"
