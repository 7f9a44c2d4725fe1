"""Checks of the settings by a live site, before it starts anything."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.test import override_settings

from towpath.layers.errors import ConfigurationError
from towpath.routing import route
from towpath.testing import ChannelLiveServerTestCase, WorkerProcess
from towpath.testing.live import live_site

REDIS = "towpath.layers.redis.RedisChannelLayer"
MEMORY = "towpath.layers.memory.MemoryChannelLayer"


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ({}, r"one layer in CHANNEL_LAYERS, which has \[\]"),
        ({"a": {"BACKEND": REDIS, "ROUTING": []}, "b": {"BACKEND": REDIS, "ROUTING": []}}, r"\['a', 'b'\]"),
        ({"default": {"BACKEND": REDIS, "ROUTING": []}}, "has no TEST_CONFIG: give it the options of a layer"),
        ({"default": {"BACKEND": MEMORY, "ROUTING": [], "TEST_CONFIG": {}}}, "lives in the memory of one process"),
        (
            {"default": {"BACKEND": REDIS, "ROUTING": [], "TEST_CONFIG": {}}},
            r"the database 'default' lives in the memory of this process.*\[\"TEST\"\] = ",
        ),
    ],
)
def test_what_they_lack_is_said(layers: Any, said: str) -> None:
    with override_settings(CHANNEL_LAYERS=layers), pytest.raises(ImproperlyConfigured, match=said), live_site():
        pass


@pytest.mark.parametrize(
    ("config", "test_config"),
    [
        ({}, {}),
        ({}, {"hosts": ["redis://127.0.0.1:6379/0"], "capacity": 5}),
        (
            {"hosts": [("cache", 6379)], "prefix": "site:"},
            {"hosts": ["redis://:secret@cache:6379/0"], "prefix": "site:"},
        ),
    ],
)
def test_the_keys_of_the_site_itself_are_not_deleted(config: Any, test_config: Any) -> None:
    layers = {"default": {"BACKEND": REDIS, "ROUTING": [], "CONFIG": config, "TEST_CONFIG": test_config}}
    said = 'the same Redis and prefix in TEST_CONFIG as in CONFIG.*"prefix": "test:"'
    with override_settings(CHANNEL_LAYERS=layers), pytest.MonkeyPatch.context() as patch:
        patch.setattr("towpath.testing.live._check_databases", lambda: None)
        with pytest.raises(ImproperlyConfigured, match=said), live_site():
            pass


def test_a_transaction_that_is_open_is_said() -> None:
    layers = {"default": {"BACKEND": REDIS, "ROUTING": [], "TEST_CONFIG": {}}}
    said = "a transaction is open on the database 'default'.*TransactionTestCase"
    with override_settings(CHANNEL_LAYERS=layers), transaction.atomic():
        with pytest.raises(ImproperlyConfigured, match=said), live_site():
            pass


def test_a_case_that_cannot_be_served_does_not_run() -> None:
    class Case(ChannelLiveServerTestCase):
        def test_it(self) -> None:
            raise AssertionError("it ran")

    with override_settings(CHANNEL_LAYERS={}), pytest.raises(ImproperlyConfigured, match="one layer"):
        Case("test_it").run()


def test_routes_and_threads_of_the_worker_are_checked_before_it_is_forked(channel_layer: Any) -> None:
    channel_layer.routing = [route("words", "nowhere.consumers.words")]
    with pytest.raises(ConfigurationError, match="nowhere"):
        WorkerProcess(channel_layer, 1, serve_static=False)
    channel_layer.routing = []
    with override_settings(ROOT_URLCONF=__name__), pytest.raises(ConfigurationError, match="at least one thread"):
        WorkerProcess(channel_layer, 0, serve_static=False)


urlpatterns: list[Any] = []


def test_a_worker_is_forked_or_not_made(channel_layer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["spawn"])
    with pytest.raises(ConfigurationError, match="live tests fork their worker"):
        WorkerProcess(channel_layer, 1, serve_static=False)


def test_names_that_are_not_there_are_said() -> None:
    from towpath import testing

    with pytest.raises(AttributeError, match=r"'towpath\.testing' has no attribute 'HttpCase'"):
        _ = testing.HttpCase
    assert [name for name in testing.__all__ if getattr(testing, name, None) is None] == []
