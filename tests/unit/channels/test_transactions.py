"""Sends inside database transactions."""

import sys
import threading
import unittest
from datetime import timedelta

import django
import pytest
from django.apps import apps
from django.core.signals import setting_changed
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from django.test import TestCase, override_settings

from towpath.channels import Channel, Group, Outbox, transactions
from towpath.channels.delivery import deliver
from towpath.channels.outbox import hold_channel_send
from towpath.layers.contract import Delayed, Envelope, GroupSend
from towpath.layers.errors import ConfigurationError, EncodeError, InvalidName, LayerUnavailable

DATABASES = {alias: {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"} for alias in ("default", "other")}


@pytest.fixture(autouse=True)
def databases(monkeypatch):
    """Two databases in memory that this thread has not opened yet."""
    if not apps.ready:
        django.setup(set_prefix=False)
    handler = ConnectionHandler(DATABASES)
    monkeypatch.setattr(connections, "settings", handler.settings)
    monkeypatch.setattr(connections, "_connections", handler._connections)
    announce_databases()
    yield
    for connection in connections.all(initialized_only=True):
        BaseDatabaseWrapper.close(connection)  # the method of SQLite's keeps databases in memory open
    announce_databases()


def announce_databases():
    setting_changed.send(sender=None, setting="TOWPATH_ON_COMMIT", value=None, enter=True)


@pytest.fixture
def send(layer):
    """Return a function that sends `{"n": n}` to the channel `jobs`."""
    return lambda n, **options: Channel("jobs", channel_layer=layer).send({"n": n}, **options)


def numbers(sends):
    return [each.content["n"] for each in sends]


class Rollback(Exception):
    """Raised to leave an atomic block without a commit."""


def test_sends_wait_for_the_commit_in_call_order(layer, send):
    with transaction.atomic():
        send(1)
        Group("g", channel_layer=layer).send({"n": 2})
        with transaction.atomic():
            send(3)
        assert layer.sent == []
    assert layer.sent == [Envelope("jobs", {"n": 1}), GroupSend("g", {"n": 2}), Envelope("jobs", {"n": 3})]


def test_a_rollback_drops_what_waits(layer, send):
    with pytest.raises(Rollback), transaction.atomic():
        send(1)
        Group("g", channel_layer=layer).send({"n": 2})
        Group("g", channel_layer=layer).add("jobs")
        raise Rollback
    send(3)
    assert numbers(layer.sent) == [3]
    assert layer.group_channels("g") == []


def test_the_rollback_of_a_savepoint_drops_only_its_own(layer, send):
    with transaction.atomic():
        send(1)
        with pytest.raises(Rollback), transaction.atomic():
            send(2)
            with transaction.atomic():
                send(3)
            raise Rollback
        send(4)
    assert numbers(layer.sent) == [1, 4]


def test_what_goes_immediately_does_not_wait(layer, send):
    group = Group("g", channel_layer=layer)
    with pytest.raises(Rollback), transaction.atomic():
        send(1, immediately=True)
        group.send({"n": 2}, immediately=True)
        group.add("a", immediately=True)
        group.add("b", immediately=True)
        group.discard("b", immediately=True)
        raise Rollback
    assert numbers(layer.sent) == [1, 2]
    assert layer.group_channels("g") == ["a"]


def test_groups_are_joined_and_left_at_the_commit(layer):
    group = Group("g", channel_layer=layer)
    group.add("before")
    with transaction.atomic():
        group.discard(Channel("before", channel_layer=layer))
        group.add(Channel("after", channel_layer=layer))
        assert layer.group_channels("g") == ["before"]
    assert layer.group_channels("g") == ["after"]


def test_in_a_consumer_what_waited_joins_the_outbox_at_the_commit(layer, send):
    with Outbox(layer).holding() as outbox:
        send(1)
        with transaction.atomic():
            send(2)
            assert numbers(outbox.sends) == [1]
        send(3)
        with pytest.raises(Rollback), transaction.atomic():
            send(4)
            raise Rollback
    assert numbers(outbox.sends) == [1, 2, 3]
    assert layer.sent == []


def test_a_transaction_that_outlives_its_consumer_sends_at_the_commit(layer, send):
    with transaction.atomic():
        with Outbox(layer).holding() as outbox:
            send(1)
    assert outbox.sends == []
    assert numbers(layer.sent) == [1]


def test_wrong_messages_and_names_are_refused_at_the_call(layer):
    with transaction.atomic():
        with pytest.raises(EncodeError, match=r"message\['at'\]"):
            Channel("jobs", channel_layer=layer).send({"at": object()})
        with pytest.raises(EncodeError, match=r"message\['at'\]"):
            Group("g", channel_layer=layer).send({"at": object()})
        with pytest.raises(InvalidName, match="'not a name'"):
            Group("g", channel_layer=layer).add("not a name")
    assert layer.sent == []


def test_later_changes_of_the_sender_are_not_seen(layer):
    content = {"n": [1]}
    with transaction.atomic():
        Channel("jobs", channel_layer=layer).send(content)
        content["n"].append(2)
    assert layer.sent == [Envelope("jobs", {"n": [1]})]


def test_a_layer_that_fails_after_the_commit_is_logged_and_the_next_go(layer, send, monkeypatch, caplog):
    send_many, failures = layer.send_many, [LayerUnavailable("away")]

    def failing(sends):
        if failures:
            raise failures.pop()
        return send_many(sends)

    monkeypatch.setattr(layer, "send_many", failing)
    with transaction.atomic():
        send(1)
        send(2)
    assert numbers(layer.sent) == [2]
    assert "Sends that waited for a commit were dropped" in caplog.text


def test_a_full_channel_is_not_told_to_who_has_committed(layer, send, monkeypatch, caplog):
    monkeypatch.setattr(transactions, "deliver", lambda layer, sends: deliver(layer, sends, patience_seconds=0))
    layer.full.add("jobs")
    with transaction.atomic():
        send(1)
    assert layer.sent == []
    assert "dropped a message to jobs" in caplog.text


def test_transactions_of_other_databases_do_not_count(layer, send):
    with transaction.atomic(), transaction.atomic(using="other"):
        pass
    with transaction.atomic(using="other"):
        send(1)
        assert numbers(layer.sent) == [1]


def test_a_setting_chooses_the_database(layer, send):
    with override_settings(TOWPATH_ON_COMMIT="other"):
        with transaction.atomic(using="other"):
            send(1)
            assert layer.sent == []
        with transaction.atomic():
            send(2)
            assert numbers(layer.sent) == [1, 2]
    with override_settings(TOWPATH_ON_COMMIT=None), transaction.atomic():
        send(3)
        assert numbers(layer.sent) == [1, 2, 3]


@pytest.mark.parametrize("wrong", ["third", 3, ["default"]])
def test_a_setting_that_names_no_database_is_refused(send, wrong):
    with override_settings(TOWPATH_ON_COMMIT=wrong):
        with pytest.raises(ConfigurationError, match=r"TOWPATH_ON_COMMIT is .*name one of DATABASES"):
            send(1)


def test_a_connection_that_was_open_before_is_known(layer, send):
    connections["default"].ensure_connection()
    announce_databases()  # forgets what was noted, as in a thread that was given its connection by another one
    with transaction.atomic():
        send(1)
        assert layer.sent == []
    assert numbers(layer.sent) == [1]


def test_a_transaction_of_another_thread_does_not_count(layer, send):
    with transaction.atomic():
        thread = threading.Thread(target=send, args=(1,))
        thread.start()
        thread.join()
        assert numbers(layer.sent) == [1]


def test_testcase_sends_as_production_does(layer, send):
    """Its own blocks round each test do not count; those of the code do, with `captureOnCommitCallbacks`."""

    class Tests(TestCase):
        def runTest(self):
            send(1)
            assert numbers(layer.sent) == [1]
            with self.captureOnCommitCallbacks(execute=True) as callbacks:
                with transaction.atomic():
                    send(2)
                    Group("g", channel_layer=layer).add("jobs")
                with pytest.raises(Rollback), transaction.atomic():
                    send(3)
                    raise Rollback
                assert numbers(layer.sent) == [1]
            assert len(callbacks) == 2
            assert numbers(layer.sent) == [1, 2]
            assert layer.group_channels("g") == ["jobs"]

    result = unittest.TestResult()
    unittest.TestSuite([Tests()]).run(result)
    assert (result.testsRun, result.errors, result.failures) == (1, [], [])


def test_without_a_transaction_a_send_costs_one_call_more(layer):
    """The cost that every project pays, counted: `open_transaction`, and nothing below it."""
    channel = Channel("jobs", channel_layer=layer)
    with Outbox(layer).holding():
        without_database = calls_of(channel.send, {})
        connections["default"].ensure_connection()
        with_database = calls_of(channel.send, {})
        with transaction.atomic():
            pass
        after_a_transaction = calls_of(channel.send, {})
        by_itself = calls_of(hold_channel_send, layer, "jobs", {})
    for called in (without_database, with_database, after_a_transaction):
        assert called == ["send", "open_transaction", *by_itself]


def calls_of(function, *arguments):
    """Return the names of the Python functions that a call calls."""
    names = []

    def note(frame, event, argument):
        if event == "call":
            names.append(frame.f_code.co_name)

    function(*arguments)  # the first call of a thread may look things up
    sys.setprofile(note)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return names


def test_a_delayed_send_waits_for_the_commit_too(layer, send):
    delay = timedelta(seconds=5)
    with transaction.atomic():
        send(1, delay=delay)
        with pytest.raises(Rollback), transaction.atomic():
            send(2, delay=delay)
            raise Rollback
        send(3, delay=delay, immediately=True)
        assert numbers(layer.later) == [3]
    assert layer.later == [Delayed("jobs", {"n": 3}, 5.0), Delayed("jobs", {"n": 1}, 5.0)]
