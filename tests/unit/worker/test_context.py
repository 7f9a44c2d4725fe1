"""State that a consumer leaves in its thread does not reach the consumer of the next message."""

import decimal
import threading
from contextvars import ContextVar

import pytest
from asgiref.local import Local
from django.core.cache import caches
from django.db import connection, connections
from django.test import override_settings
from django.urls import get_script_prefix, get_urlconf, set_script_prefix, set_urlconf
from django.utils import timezone, translation

from towpath.layers import Envelope
from towpath.routing import Router, route
from towpath.worker.context import in_own_context
from towpath.worker.run import Runner, RunOptions

tenant: ContextVar[str] = ContextVar("tenant", default="none")
of_a_library = Local()

STATES = {
    "time zone": (lambda: timezone.activate("Asia/Tokyo"), timezone.get_current_timezone_name),
    "language": (lambda: translation.activate("de"), translation.get_language),
    "no language": (translation.deactivate_all, translation.get_language),
    "URLconf": (lambda: set_urlconf("another.urls"), get_urlconf),
    "script prefix": (lambda: set_script_prefix("/app/"), get_script_prefix),
    "decimal context": (lambda: setattr(decimal.getcontext(), "prec", 3), lambda: decimal.getcontext().prec),
    "new decimal context": (lambda: decimal.setcontext(decimal.Context(prec=4)), lambda: decimal.getcontext().prec),
    "context variable": (lambda: tenant.set("acme"), tenant.get),
    "asgiref's Local": (lambda: setattr(of_a_library, "user", 7), lambda: getattr(of_a_library, "user", None)),
}


@pytest.fixture
def run(layer):
    """Return a function that runs the second, the first and again the second consumer in one new thread."""

    def run(first, second):
        runner = Runner(layer, Router([route("first", first), route("second", second)]), RunOptions(), [].append)
        in_new_thread(lambda: [runner.run(Envelope(channel, {})) for channel in ("second", "first", "second")])

    return run


def in_new_thread(call):
    """Return what a call returns in a thread of its own, as workers have one."""
    found = []

    def target():
        try:
            found.append(call())
        finally:
            for each in connections.all(initialized_only=True):
                if each.connection is not None:
                    each.connection.close()  # Django's own close() leaves a database in memory open

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("error", [None, LookupError("on purpose"), SystemExit(1)])
def test_state_of_a_consumer_does_not_reach_the_next_one(run, caplog, state, error):
    change, look = STATES[state]
    seen = []

    def changing(message):
        change()
        seen.append(look())
        if error is not None:
            raise error

    run(changing, lambda message: seen.append(look()))
    before, changed, after = seen
    assert changed != before
    assert after == before


def test_a_receiver_of_the_signals_shares_the_context_of_its_consumer(run):
    from towpath.signals import consumer_started

    seen = []

    def start(**kwargs):
        tenant.set("acme")

    consumer_started.connect(start)
    try:
        run(lambda message: seen.append(tenant.get()), lambda message: None)
    finally:
        consumer_started.disconnect(start)
    assert seen == ["acme"]
    assert tenant.get() == "none"


def test_caches_outlive_messages():
    with override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}):
        first, second = in_new_thread(lambda: [in_own_context(lambda: caches["default"]) for _ in range(2)])
    assert first is second


def test_a_cache_that_cannot_be_imported_is_an_error_where_it_is_used_only():
    with override_settings(CACHES={"default": {"BACKEND": "nowhere.Cache"}}):
        assert in_new_thread(lambda: in_own_context(lambda: "a result")) == "a result"


def test_a_forced_script_name_is_the_prefix_in_every_thread():
    with override_settings(FORCE_SCRIPT_NAME="/app"):
        assert in_new_thread(lambda: in_own_context(get_script_prefix)) == "/app/"


@override_settings(DEBUG=True)
def test_logged_queries_are_those_of_one_message(run):
    seen = []

    def query(message):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        seen.append(len(connection.queries))

    run(query, query)
    assert seen == [1, 1, 1]
