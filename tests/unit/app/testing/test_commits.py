"""Sends inside `atomic()`, in test cases whose own transaction is never committed."""

import unittest
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import TestCase

from towpath.channels import Channel, Group, Message
from towpath.routing import route
from towpath.testing import ChannelTestCase, Client, apply_routes
from towpath.testing.isolation import fresh_layers


class Rollback(Exception):
    """Raised to leave an atomic block without a commit."""


def run(test: Callable[[Any], None], kind: type[unittest.TestCase] = ChannelTestCase) -> None:
    """Run a function as the one test of a case of this kind."""
    case = type("Case", (kind,), {"runTest": test})()
    result = unittest.TestResult()
    unittest.TestSuite([case]).run(result)
    assert result.testsRun == 1
    assert not [*result.errors, *result.failures], [*result.errors, *result.failures][0][1]


def send(number: int) -> None:
    Channel("numbers").send({"number": number})


def numbers(case: Any) -> list[int]:
    """Take all that has arrived."""
    found = []
    while (message := case.get_next_message("numbers")) is not None:
        found.append(message["number"])
    return found


def test_a_send_inside_atomic_arrives_when_the_block_has_ended() -> None:
    def test(case: Any) -> None:
        with transaction.atomic():
            send(1)
            with transaction.atomic():
                send(2)
            assert numbers(case) == []
        send(3)
        assert numbers(case) == [1, 2, 3]

    run(test)


def test_a_block_that_is_rolled_back_sends_nothing() -> None:
    def test(case: Any) -> None:
        with pytest.raises(Rollback), transaction.atomic():
            send(1)
            raise Rollback
        with transaction.atomic():
            send(2)
            with pytest.raises(Rollback), transaction.atomic():
                send(3)
                raise Rollback
        assert numbers(case) == [2]

    run(test)


def test_groups_are_joined_before_what_is_sent_to_them_later() -> None:
    def test(case: Any) -> None:
        client = Client()
        with transaction.atomic():
            Group("all").add(client.reply_channel)
        Group("all").send({"text": "hello"})
        assert client.receive() == {"text": "hello"}

    run(test)


def test_sends_of_a_consumer_leave_in_the_order_of_their_commits() -> None:
    def consumer(message: Message) -> None:
        with transaction.atomic():
            message.reply_channel.send({"text": "in the block"})
        message.reply_channel.send({"text": "after it"})
        with transaction.atomic():
            message.reply_channel.send({"text": "in the last one"})

    def test(case: Any) -> None:
        client = Client()
        with apply_routes(route("words", consumer)):
            client.send_and_consume("words")
        replies = [client.receive()["text"] for _ in range(3)]
        assert replies == ["in the block", "after it", "in the last one"]

    run(test)


def test_djangos_capture_of_callbacks_sends_nothing_twice() -> None:
    def test(case: Any) -> None:
        with transaction.atomic():
            send(1)
        ran: list[int] = []
        with case.captureOnCommitCallbacks(execute=True) as callbacks:
            with transaction.atomic():
                send(2)
                transaction.on_commit(lambda: ran.append(1))
            assert numbers(case) == [1, 2]
        assert (len(callbacks), ran) == (2, [1])
        assert numbers(case) == []

    run(test)


def test_callbacks_of_the_project_are_left_to_django() -> None:
    def test(case: Any) -> None:
        with transaction.atomic():
            transaction.on_commit(lambda: send(1))
            send(2)
        assert numbers(case) == [2]
        assert len(connection.run_on_commit) == 2

    run(test)


def test_what_an_action_sends_follows_what_waits_already(channel_layer: Any) -> None:
    def test(case: Any) -> None:
        with transaction.atomic():
            Channel("numbers").send({"number": 1})
            Group("all").add("numbers")
            Group("all").send({"number": 2})
            send(3)
        assert numbers(case) == [1, 2, 3]

    run(test)


def test_a_plain_testcase_is_left_to_djangos_capture() -> None:
    def test(case: Any) -> None:
        layer = Channel("numbers").channel_layer
        with transaction.atomic():
            send(1)
        assert layer.receive(["numbers"]) == (None, None)
        with case.captureOnCommitCallbacks(execute=True), transaction.atomic():
            send(2)
        assert layer.receive(["numbers"])[1] == {"number": 2}

    run(test, TestCase)


def test_the_layer_of_a_fixture_commits_in_a_testcase_too() -> None:
    def test(case: Any) -> None:
        with fresh_layers(["default"]) as layers:
            with transaction.atomic():
                send(1)
            assert layers["default"].receive(["numbers"])[1] == {"number": 1}

    run(test, TestCase)
