"""A client sends, consumes by the worker's own code, and reads what comes back."""

import traceback
import unittest
from typing import Any

import pytest

from towpath.channels import Channel, Group, Message
from towpath.channels.exceptions import ConsumeLater, DenyConnection
from towpath.layers.errors import ChannelFull, EncodeError, InvalidName
from towpath.routing import route
from towpath.sessions import channel_session
from towpath.testing import ChannelTestCase, Client, apply_routes

pytestmark = pytest.mark.usefixtures("channel_layer")


def reverse(message: Message) -> str:
    message.reply_channel.send({"text": message["text"][::-1]})
    return "done"


def test_it_consumes_what_it_sent_and_receives_the_reply() -> None:
    client = Client()
    with apply_routes(route("words", reverse)):
        assert client.send_and_consume("words", {"text": "abc"}) == "done"
    assert client.receive() == {"text": "cba"}
    assert client.receive() is None


def test_each_client_gets_its_own_replies_from_any_consumer() -> None:
    one, other = Client(), Client()
    with apply_routes([route("words", reverse)]):
        one.send("words", {"text": "one"})
        other.send("words", {"text": "two"})
        one.consume("words")
        one.consume("words")
    assert (one.receive(), other.receive()) == ({"text": "eno"}, {"text": "owt"})


def test_what_a_consumer_raises_is_raised_with_its_own_traceback() -> None:
    def broken(message: Message) -> None:
        message.reply_channel.send({"text": "before"})
        raise LookupError("no such blog")

    client = Client()
    with apply_routes(route("words", broken)), pytest.raises(LookupError, match="no such blog") as caught:
        client.send_and_consume("words")
    assert "broken" in [frame.name for frame in traceback.extract_tb(caught.tb)]
    assert client.receive() == {"text": "before"}


def test_state_travels_with_the_connection() -> None:
    @channel_session
    def count(message: Any) -> int:
        message.channel_session["count"] = message.channel_session.get("count", 0) + 1
        return int(message.channel_session["count"])

    one, other = Client(), Client()
    with apply_routes(route("words", count)):
        assert [one.send_and_consume("words") for _ in range(3)] == [1, 2, 3]
        one.send("words")
        assert other.send_and_consume("words") == 4  # the first message is that of the other connection
        assert other.consume("words") == 1


def test_state_travels_with_a_connection_of_any_name() -> None:
    @channel_session
    def count(message: Any) -> int:
        message.channel_session["count"] = message.channel_session.get("count", 0) + 1
        return int(message.channel_session["count"])

    client = Client(reply_channel="daphne.response.1")
    with apply_routes(route("words", count)):
        assert [client.send_and_consume("words") for _ in range(3)] == [1, 2, 3]


def test_what_is_put_off_is_there_to_be_consumed_again() -> None:
    tries: list[bool] = []

    def later(message: Message) -> None:
        tries.append("__retries__" in message)
        if len(tries) == 1:
            raise ConsumeLater

    client = Client()
    with apply_routes(route("words", later)):
        client.send_and_consume("words")
        client.consume("words")
        assert client.consume("words", fail_on_none=False) is None
    assert tries == [False, True]


def test_a_refusal_is_a_reply_and_a_misplaced_one_an_error() -> None:
    def deny(message: Message) -> None:
        raise DenyConnection

    client = Client()
    with apply_routes([route("websocket.connect", deny), route("words", deny)]):
        client.send_and_consume("websocket.connect", {"path": "/"})
        assert client.receive() == {"close": True}
        with pytest.raises(DenyConnection):
            client.send_and_consume("words")


def test_sends_of_consumers_are_there_for_other_consumers_and_groups() -> None:
    def forward(message: Message) -> None:
        Channel("next").send({"number": 1})
        Group("all").send({"text": "to all"})

    one, other = Client(), Client()
    one.join_group("all")
    other.join_group("all")
    with apply_routes(route("words", forward)):
        one.send_and_consume("words")
    found = one.get_next_message("next")
    assert found is not None
    assert (found.content, found.channel.name) == ({"number": 1}, "next")
    assert one.get_next_message("next") is None
    assert one.receive() == other.receive() == {"text": "to all"}


def test_the_consumer_of_a_channel() -> None:
    with apply_routes(route("words", reverse)):
        assert Client().get_consumer_by_channel("words") is reverse
        assert Client().get_consumer_by_channel("other") is None


def test_no_message_and_no_consumer_are_failures() -> None:
    client = Client()
    with pytest.raises(AssertionError, match="there is no message on 'words'"):
        client.consume("words")
    assert client.consume("words", fail_on_none=False) is None
    with pytest.raises(AssertionError, match=r"no route matches a message on 'words' \(path '/a/'\)"):
        client.send_and_consume("words", {"path": "/a/"})
    client.send_and_consume("websocket.connect", {"path": "/a/"}, fail_on_none=False)
    assert client.receive() == {"close": True}


def test_the_next_message_on_a_reply_channel_is_the_next_reply(channel_layer: Any) -> None:
    class Case(ChannelTestCase):
        def runTest(self) -> None:
            client = Client()
            client.send("words", {"text": "abc"})
            message = self.get_next_message("words", require=True)
            assert message is not None
            assert message.reply_channel is not None
            reverse(message)
            found = self.get_next_message(client.reply_channel, require=True)
            assert found is not None
            assert (found.content, found.channel.name) == ({"text": "cba"}, client.reply_channel)
            reverse(message)
            assert client.get_next_message(message.reply_channel.name).content == {"text": "cba"}  # type: ignore[union-attr]
            assert client.get_next_message(client.reply_channel) is None
            with pytest.raises(AssertionError, match="there is no message on 'test"):
                self.get_next_message(client.reply_channel, require=True)

    result = unittest.TestResult()
    Case().run(result)
    assert result.wasSuccessful(), result.errors + result.failures


@pytest.mark.parametrize("name", ["reply", "daphne.response.1", "http.response?abc", "daphne.response.abc!def"])
def test_a_reply_channel_may_have_any_name(name: str) -> None:
    client = Client(reply_channel=name)
    client.join_group("all")
    with apply_routes(route("words", reverse)):
        client.send_and_consume("words", {"text": "abc"})
    Group("all").send({"text": "to all"})
    assert client.receive() == {"text": "cba"}
    assert client.get_next_message(name).content == {"text": "to all"}  # type: ignore[union-attr]
    assert client.receive() is None


def test_connections_of_one_inbox_get_their_own_replies() -> None:
    one, other = Client(reply_channel="test!one"), Client(reply_channel="test!other")
    with apply_routes(route("words", reverse)):
        for number in range(2):
            one.send_and_consume("words", {"text": f"{number}a"})
            other.send_and_consume("words", {"text": f"{number}b"})
    assert [other.receive(), other.receive(), other.receive()] == [{"text": "b0"}, {"text": "b1"}, None]
    assert [one.receive(), one.receive(), one.receive()] == [{"text": "a0"}, {"text": "a1"}, None]


def test_wrong_use_is_refused() -> None:
    client = Client()
    with pytest.raises(EncodeError, match="when"):
        client.send("words", {"when": object()})
    with pytest.raises(InvalidName):
        client.send("no spaces", {})
    for wrong in ("pattern?", "inbox!"):
        with pytest.raises(InvalidName, match="the name of one connection, such as 'test!one', not"):
            Client(reply_channel=wrong)
    assert Client(reply_channel="test!one").reply_channel == "test!one"
    with pytest.raises(ChannelFull, match="'words' is full"):
        for _ in range(4):
            client.send("words")
