"""One run of one consumer: its settlement, whatever it does."""

import json
import logging
import threading

import pytest
from django.db.backends.signals import connection_created

from towpath.channels import (
    Channel,
    ChannelSocketException,
    ConsumeLater,
    DenyConnection,
    Group,
    InvalidFrame,
    RequestAborted,
    ResponseLater,
    WebsocketCloseException,
)
from towpath.generic.websockets import JsonWebsocketConsumer
from towpath.layers import Envelope, GroupSend, Settlement
from towpath.layers.memory import MemoryChannelLayer
from towpath.routing import Router, route
from towpath.worker import consumer_finished, consumer_started, database
from towpath.worker.failed import REQUEST_FAILED
from towpath.worker.run import Runner, RunOptions
from towpath.worker.verdicts import RETRIES_KEY

REPLY = "interface.x!1"


@pytest.fixture
def run(layer):
    """Return a function that runs one consumer with one message and returns what is settlement."""

    def run(
        consumer,
        channel="websocket.receive",
        ended=None,
        ordered=True,
        options=None,
        turn=7,
        session_state=None,
        **more,
    ):
        router = Router([route("websocket.receive", consumer, ordered=ordered)])
        router.add_route(route(["websocket.connect", "jobs"], consumer, ordered=ordered))
        runner = Runner(layer, router, options or RunOptions(), (ended if ended is not None else []).append)
        content = {"reply_channel": REPLY, **more}
        return runner.run(Envelope(channel, content, turn, session_state))

    return run


def raising(error):
    def consumer(message, **kwargs):
        message.reply_channel.send({"text": "before"})
        raise error

    return consumer


BEFORE = Envelope(REPLY, {"text": "before"})


def test_a_settlement_has_the_held_sends_and_ends_the_turn(run, layer):
    def consumer(message):
        message.reply_channel.send({"text": message["text"]})
        Group("room", channel_layer=layer).send({"text": "all"})
        Channel("jobs", channel_layer=message.channel_layer).send({"n": 1})

    sends = [Envelope(REPLY, {"text": "hi"}), GroupSend("room", {"text": "all"}), Envelope("jobs", {"n": 1})]
    assert run(consumer, text="hi") == Settlement(sends, REPLY, 7)


def test_a_message_without_a_turn_owes_its_sends_only(run):
    settlement = run(lambda message: message.reply_channel.send({"text": ""}), turn=None)
    assert settlement == Settlement([Envelope(REPLY, {"text": ""})], REPLY, None)


def test_named_groups_are_arguments(layer):
    seen = []
    router = Router([route("jobs", lambda message, **kwargs: seen.append(kwargs), path=r"/(?P<room>\w+)")])
    Runner(layer, router, RunOptions(), seen.append).run(Envelope("jobs", {"path": "/lobby"}))
    assert seen == [{"room": "lobby"}]


def test_changed_connection_state_travels_back(run):
    def set_state(message):
        assert message.session_state == b"old"
        message.session_state = b"new"

    def clear_state(message):
        message.session_state = b""

    assert run(set_state, session_state=b"old").session_state == b"new"
    assert run(clear_state, session_state=b"old").session_state == b""
    assert run(lambda message: None, session_state=b"old").session_state is None


def test_changed_connection_state_without_a_turn_is_dropped_and_logged(run, caplog):
    def set_state(message):
        message.session_state = b"new"

    assert run(set_state, turn=None) == Settlement([], REPLY, None, None)
    assert "Dropped the new connection state" in caplog.text


def test_an_unordered_consumer_runs_when_its_turn_has_ended(run):
    ended = []

    def consumer(message):
        assert ended == [Settlement([], REPLY, 7)]
        message.reply_channel.send({"text": "later"})

    assert run(consumer, ended=ended, ordered=False) == Settlement([Envelope(REPLY, {"text": "later"})], REPLY, None)


@pytest.mark.parametrize("error", [KeyError("x"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_a_consumer_that_raises_is_logged_and_what_it_sent_leaves(run, caplog, error):
    assert run(raising(error)) == Settlement([BEFORE], REPLY, 7)
    assert caplog.records[0].levelno == logging.ERROR
    assert caplog.records[0].exc_info[1] is error
    assert f"A consumer of websocket.receive raised {type(error).__name__}" in caplog.text


def test_consume_later_sends_the_message_again_and_keeps_its_turn(run):
    settlement = run(raising(ConsumeLater), session_state=b"state", text="hi")
    again = Envelope("websocket.receive", {"reply_channel": REPLY, "text": "hi", RETRIES_KEY: 1}, 7, b"state")
    assert settlement == Settlement([BEFORE], again=again)
    twice = run(raising(ConsumeLater), **again.content)
    assert twice.again.content[RETRIES_KEY] == 2


def test_consume_later_begins_again_with_the_old_connection_state(run):
    def consumer(message):
        message.session_state = b"half done"
        raise ConsumeLater

    settlement = run(consumer, session_state=b"state")
    assert settlement == Settlement(
        again=Envelope("websocket.receive", {"reply_channel": REPLY, RETRIES_KEY: 1}, 7, b"state")
    )


def test_consume_later_is_bounded(run, caplog):
    options = RunOptions(message_retries=3)
    assert run(raising(ConsumeLater), options=options, **{RETRIES_KEY: 2}).turn is None
    assert run(raising(ConsumeLater), options=options, **{RETRIES_KEY: 3}) == Settlement([BEFORE], REPLY, 7)
    assert "Dropped a message on websocket.receive: put off 3 times" in caplog.text


def test_consume_later_counts_from_the_start_if_the_count_is_not_a_number(run):
    assert run(raising(ConsumeLater), **{RETRIES_KEY: "x"}).again.content[RETRIES_KEY] == 1


def test_consume_later_with_content_that_cannot_travel_is_logged_and_settled(run, caplog):
    def consumer(message):
        message["request"] = object()
        raise ConsumeLater

    assert run(consumer) == Settlement([], REPLY, 7)
    assert "message['request']" in caplog.text


def test_consume_later_of_an_unordered_consumer_has_no_turn_any_more(run):
    settlement = run(raising(ConsumeLater), ordered=False)
    assert settlement.again.turn is None
    assert settlement.turn is None


def test_deny_connection_refuses_behind_what_was_sent(run):
    settlement = run(raising(DenyConnection), channel="websocket.connect")
    assert settlement == Settlement([BEFORE, Envelope(REPLY, {"close": True})], REPLY, 7)


def test_deny_connection_may_say_how_the_handshake_is_refused(run):
    error = DenyConnection("for the log", status=401, headers=[["WWW-Authenticate", "Basic"]], content=b"who are you?")
    assert run(raising(error), channel="websocket.connect").sends == [
        BEFORE,
        Envelope(
            REPLY,
            {
                "accept": False,
                "status": 401,
                "headers": [["WWW-Authenticate", "Basic"]],
                "content": b"who are you?",
            },
        ),
        Envelope(REPLY, {"close": True}),
    ]


def test_a_handshake_that_is_put_off_too_often_is_refused(run, caplog):
    def later(message):
        raise ConsumeLater

    options = RunOptions(message_retries=3)
    settlement = run(later, channel="websocket.connect", options=options, **{RETRIES_KEY: 3})
    assert settlement == Settlement([HANDSHAKE_FAILED], REPLY, 7)
    assert "put off 3 times" in caplog.text


def test_deny_connection_elsewhere_is_an_error_in_the_log(run, caplog):
    assert run(raising(DenyConnection)) == Settlement([BEFORE], REPLY, 7)
    assert "a connection is refused on websocket.connect only" in caplog.text


def test_closing_a_socket_comes_behind_what_was_sent(run):
    assert run(raising(WebsocketCloseException(3001))).sends == [BEFORE, Envelope(REPLY, {"close": 3001})]


def test_an_error_while_acting_on_an_error_is_logged(run, caplog):
    class Failing(ChannelSocketException):
        def run(self, message):
            message.reply_channel.send({"text": "half"})
            raise SystemExit

    assert run(raising(Failing())) == Settlement([BEFORE, Envelope(REPLY, {"text": "half"})], REPLY, 7)
    assert "Could not act on Failing()" in caplog.text


@pytest.mark.parametrize("error", [ResponseLater, RequestAborted])
def test_a_response_that_comes_later_or_never_is_not_an_error(run, caplog, error):
    assert run(raising(error)) == Settlement([BEFORE], REPLY, 7)
    assert caplog.records == []


@pytest.mark.parametrize("channel", ["websocket.connect", "websocket.disconnect"])
def test_a_message_that_no_route_matches_is_logged_and_settled(layer, caplog, channel):
    router = Router([route("websocket.connect", raising(KeyError), path="^/chat/$")])
    content = {"reply_channel": REPLY, "path": "/nowhere/"}
    settlement = Runner(layer, router, RunOptions(), print).run(Envelope(channel, content, 7))
    refusal = [Envelope(REPLY, {"close": True})] if channel == "websocket.connect" else []
    assert settlement == Settlement(refusal, REPLY, 7)
    assert f"No route matches a message on {channel} (path '/nowhere/')" in caplog.text


def test_routing_that_raises_is_logged_and_settled(layer, caplog):
    class Broken:
        def channel_names(self):
            return {"jobs"}

        def match(self, message):
            raise ZeroDivisionError

    settlement = Runner(layer, Router([Broken()]), RunOptions(), print).run(
        Envelope("jobs", {"reply_channel": REPLY}, 7)
    )
    assert settlement == Settlement([], REPLY, 7)
    assert "ZeroDivisionError" in caplog.text


def test_a_reply_channel_that_is_not_a_name_hurts_the_consumer_only(run, caplog):
    assert run(lambda message: message.reply_channel.send({}), reply_channel=5) == Settlement([], None, 7)
    assert "InvalidName" in caplog.text


def test_the_callback_sees_every_message(run):
    seen = []
    options = RunOptions(callback=lambda channel, message: seen.append((channel, message["text"])))
    run(lambda message: None, options=options, text="hi")
    assert seen == [("websocket.receive", "hi")]


def test_a_callback_that_raises_is_logged(run, caplog):
    run(lambda message: None, options=RunOptions(callback=lambda *seen: 1 / 0))
    assert "ZeroDivisionError" in caplog.text


@pytest.fixture
def receivers():
    """Return a function that connects a receiver to both consumer signals until the test ends."""
    connected = []

    def connect(receiver):
        for signal in (consumer_started, consumer_finished):
            signal.connect(receiver, weak=False)
        connected.append(receiver)

    yield connect
    for receiver in connected:
        for signal in (consumer_started, consumer_finished):
            assert signal.disconnect(receiver)


@pytest.mark.parametrize("error", [None, KeyError("x")])
def test_signals_surround_the_consumer_also_if_it_raises(run, receivers, error):
    seen = []

    def receiver(signal, sender, **named):
        seen.append(("started" if signal is consumer_started else "finished", sender, named))

    def consumer(message):
        seen.append("ran")
        if error is not None:
            raise error

    receivers(receiver)
    run(consumer, options=RunOptions(sender="the worker class"))
    started = ("started", "the worker class", {"environ": {}})
    assert seen == [started, "ran", ("finished", "the worker class", {})]


@pytest.mark.parametrize("error", [KeyError, SystemExit])
def test_a_receiver_that_raises_is_logged_and_harms_no_other(run, receivers, caplog, error):
    def receiver(signal, **named):
        raise error

    receivers(receiver)
    settlement = run(lambda message: message.reply_channel.send({"text": "hi"}))
    assert settlement == Settlement([Envelope(REPLY, {"text": "hi"})], REPLY, 7)
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 2


def test_what_receivers_send_is_held_like_the_consumers_own(run, layer, receivers):
    receivers(lambda signal, **named: Channel("log", channel_layer=layer).send({"started": signal is consumer_started}))
    assert run(lambda message: None).sends == [Envelope("log", {"started": True}), Envelope("log", {"started": False})]


def test_sends_to_another_layer_leave_through_it(run):
    other = MemoryChannelLayer()
    settlement = run(lambda message: Channel("there", channel_layer=other).send({"n": 1}))
    assert settlement == Settlement([], REPLY, 7)
    assert other.receive(["there"]) == ("there", {"n": 1})


def test_another_layer_that_fails_is_logged(run, caplog, monkeypatch):
    other = MemoryChannelLayer()
    monkeypatch.setattr(other, "send_many", lambda sends: 1 / 0)
    assert run(lambda message: Channel("there", channel_layer=other).send({})) == Settlement([], REPLY, 7)
    assert "Dropped up to 1 held messages to towpath.layers.memory" in caplog.text


def in_new_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


@pytest.fixture
def closings(monkeypatch):
    """Record when connections that are too old would be closed."""
    seen = []
    monkeypatch.setattr(database, "close_old_connections", lambda: seen.append("closed"))
    return seen


def test_database_connections_are_looked_at_before_and_after_each_message(run, closings):
    def consumer(message):
        connection_created.send(sender=None)  # as a first query does
        closings.append("used")

    def messages():
        run(consumer)
        run(consumer)

    in_new_thread(messages)
    assert closings == ["used", "closed", "closed", "used", "closed"]


def test_nothing_is_looked_at_in_a_thread_that_never_used_a_database(run, closings):
    in_new_thread(lambda: run(lambda message: None))
    assert closings == []


def test_a_connection_that_cannot_be_closed_is_logged(run, monkeypatch, caplog):
    monkeypatch.setattr(database, "close_old_connections", lambda: 1 / 0)

    def messages():
        connection_created.send(sender=None)  # as a first query does
        run(lambda message: None)

    in_new_thread(messages)
    assert "Could not close a database connection" in caplog.text


def failing(message):
    raise RuntimeError("on purpose")


HANDSHAKE_FAILED = Envelope(REPLY, {"accept": False, "status": 500, "close": 1011})
GROUP_SEND = GroupSend("room", {"text": "all"})


@pytest.mark.parametrize(
    "replies",
    [
        [],
        [{"accept": True}],
        [{"accept": True}, {"text": "welcome"}],
        [{"text": "welcome"}],
        [{"accept": True, "close": False}],
    ],
)
def test_a_handshake_whose_consumer_fails_is_refused_whatever_it_had_accepted(run, layer, caplog, replies):
    def consumer(message):
        for reply in replies:
            message.reply_channel.send(reply)
            Group("room", channel_layer=layer).send({"text": "all"})
        Group("münchen", channel_layer=layer).add(message.reply_channel)

    settlement = run(consumer, channel="websocket.connect")
    assert settlement == Settlement([GROUP_SEND] * len(replies) + [HANDSHAKE_FAILED], REPLY, 7)
    assert "InvalidName" in caplog.text


@pytest.mark.parametrize(
    "replies", [[{"accept": False}], [{"close": True}], [{"accept": True}, {"text": "full", "close": 4001}]]
)
def test_a_handshake_that_was_ended_before_its_consumer_failed_keeps_its_answer(run, caplog, replies):
    def consumer(message):
        for reply in replies:
            message.reply_channel.send(reply)
        raise RuntimeError("on purpose")

    assert run(consumer, channel="websocket.connect").sends == [Envelope(REPLY, reply) for reply in replies]


HEAD = {"status": 200, "headers": [], "content": b"a", "more_content": True}
REST = {"content": b"b", "more_content": True}
END = {"content": b"c", "more_content": False}


@pytest.mark.parametrize(
    ("replies", "left"),
    [
        ([{**HEAD, "more_content": False}], [{**HEAD, "more_content": False}]),
        ([HEAD, REST, END], [HEAD, REST, END]),
        ([HEAD], [REQUEST_FAILED]),
        ([HEAD, REST], [REQUEST_FAILED]),
        ([REST], [{"closed": True}]),
        ([END], [END]),
    ],
)
def test_a_response_without_its_end_is_not_left_open_when_its_consumer_fails(layer, caplog, replies, left):
    def consumer(message):
        for reply in replies:
            message.reply_channel.send(reply)
        raise RuntimeError("on purpose")

    router = Router([route("http.request", consumer)])
    settlement = Runner(layer, router, RunOptions(), [].append).run(
        Envelope("http.request", {"reply_channel": REPLY}, 1)
    )
    assert settlement.sends == [Envelope(REPLY, reply) for reply in left]


def own_loads(message):
    json.loads(message["text"])


def other_loads(message):
    json.loads("not what the client sent")


def invalid(message):
    raise InvalidFrame("x" * 900_000)


@pytest.mark.parametrize("consumer", [own_loads, invalid, JsonWebsocketConsumer])
def test_what_a_client_sent_wrong_is_one_bounded_line_without_a_traceback(run, caplog, consumer):
    assert run(consumer, text="{secret", path="/chat/" + "x" * 30_000) == Settlement([], REPLY, 7)
    [record] = caplog.records
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)
    assert len(record.getMessage()) < 600
    assert "secret" not in record.getMessage()
    assert record.getMessage().startswith("A client sent an invalid message on websocket.receive ('/chat/xxx")


def test_bad_json_that_no_client_sent_is_an_error_with_a_traceback(run, caplog):
    run(other_loads, text="{")
    assert caplog.records[0].exc_info is not None


def test_nested_json_without_end_is_a_mistake_of_the_client(run, caplog):
    run(JsonWebsocketConsumer, text="[" * 500_000)
    assert [record.exc_info for record in caplog.records] == [None]


def test_an_open_connection_goes_on_when_a_consumer_fails(run, caplog):
    assert run(failing).sends == []


def test_a_request_whose_consumer_fails_is_answered_500(layer, caplog):
    router = Router([route("http.request", failing)])
    settlement = Runner(layer, router, RunOptions(), [].append).run(
        Envelope("http.request", {"reply_channel": REPLY}, 1)
    )
    assert [send.content["status"] for send in settlement.sends] == [500]
    assert settlement.turn == 1


def test_a_message_knows_that_one_more_try_drops_it(run, caplog):
    seen = []

    def consumer(message):
        seen.append(message.__doomed__)
        raise ConsumeLater

    options = RunOptions(message_retries=2)
    for retries in (None, 1, 2):
        run(consumer, options=options, **({RETRIES_KEY: retries} if retries else {}))
    assert seen == [False, False, True]
    assert "put off 2 times" in caplog.text
