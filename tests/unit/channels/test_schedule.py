"""Schedules: what may stand in one, and when its messages are due."""

import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from django.test import override_settings
from django.utils.timezone import get_default_timezone

from towpath.channels.configured import ChannelLayerManager, InvalidChannelLayerError, LayerSettings
from towpath.channels.schedule import Cron, Entry, Every, read_schedule
from towpath.layers.errors import ConfigurationError

GOOD = {"channel": "jobs", "every": timedelta(minutes=1)}


@pytest.fixture
def berlin():
    """A project whose clocks are changed twice a year."""
    get_default_timezone.cache_clear()
    with override_settings(TIME_ZONE="Europe/Berlin", USE_TZ=True):
        yield ZoneInfo("Europe/Berlin")
    get_default_timezone.cache_clear()


def test_a_schedule_is_read():
    entries = read_schedule("S", {"a": GOOD, "b": {"channel": "jobs.b", "cron": "0 7 * * *", "content": {"n": 1}}})
    assert entries == (Entry("a", "jobs", {}, Every(60.0)), Entry("b", "jobs.b", {"n": 1}, Cron("0 7 * * *")))


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ([GOOD], "S is a dict of names and entries"),
        ({"": GOOD}, "its name is a str that is not empty"),
        ({3: GOOD}, "its name is a str that is not empty"),
        ({"a": "jobs"}, r"S\['a'\] is a dict such as"),
        ({"a": {**GOOD, "evry": 1}}, "has the unknown key 'evry'; its keys are channel, content, cron, every"),
        ({"a": {"every": GOOD["every"]}}, "channel name None is not valid"),
        ({"a": {**GOOD, "channel": "not a name"}}, "channel name 'not a name' is not valid"),
        ({"a": {**GOOD, "channel": "interface.x!y"}}, "is a named channel, which a route takes"),
        ({"a": {**GOOD, "channel": "body?x"}}, "is a named channel, which a route takes"),
        ({"a": {**GOOD, "content": {"at": object()}}}, r"message\['at'\]"),
        ({"a": {**GOOD, "content": None}}, "a message is a dict, not"),
        ({"a": {"channel": "jobs"}}, "has either 'every', a timedelta, or 'cron'"),
        ({"a": {**GOOD, "cron": "* * * * *"}}, "has either 'every', a timedelta, or 'cron'"),
        ({"a": {**GOOD, "every": 60}}, "is a timedelta from 1 second to 366 days, not 60"),
        ({"a": {**GOOD, "every": timedelta()}}, "is a timedelta from 1 second"),
        ({"a": {**GOOD, "every": timedelta(days=400)}}, "is a timedelta from 1 second"),
        ({"a": {"channel": "jobs", "cron": 5}}, "is a line such as '30 7 .* mon-fri', not 5"),
        ({"a": {"channel": "jobs", "cron": "@daily"}}, "it has five fields"),
        ({"a": {"channel": "jobs", "cron": "* * * * * *"}}, "it has five fields"),
        ({"a": {"channel": "jobs", "cron": "61 * * * *"}}, "Bad minute"),
        ({"a": {"channel": "jobs", "cron": "* * */20 * 1L"}}, "it is never due"),
    ],
)
def test_a_wrong_schedule_is_refused_with_what_to_write_instead(schedule, message):
    with pytest.raises(ConfigurationError, match=message):
        read_schedule("S", schedule)


def test_a_crontab_without_its_library_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cronsim", None)
    with pytest.raises(ConfigurationError, match=r"install towpath\[cron\]"):
        read_schedule("S", {"a": {"channel": "jobs", "cron": "* * * * *"}})
    assert read_schedule("S", {"a": GOOD})


@pytest.mark.parametrize("seconds", [1.0, 60.0, 0.1 * 15, 86_400.0])
def test_what_comes_every_so_often_is_due_at_the_same_times_in_every_process(seconds):
    rhythm = Every(seconds)
    now = 1_700_000_000.4
    latest, later = rhythm.latest(now), rhythm.next(now)
    assert latest <= now < later
    assert later - latest == pytest.approx(seconds)
    assert (rhythm.latest(later), rhythm.latest(later + seconds / 3)) == (later, later)


def test_a_crontab_is_in_the_time_zone_of_the_project(berlin):
    seven = datetime(2026, 7, 1, 7, 0, tzinfo=berlin).timestamp()
    day = 86_400
    rhythm = Cron("0 7 * * *")
    assert [rhythm.latest(seven + offset) for offset in (-0.001, 0, 0.5, 59.9, 3600)] == [seven - day, *[seven] * 4]
    assert [rhythm.next(seven + offset) for offset in (-0.001, 0, 0.5, 3600)] == [seven, *[seven + day] * 3]


def test_a_crontab_keeps_its_hour_when_clocks_are_changed(berlin):
    rhythm = Cron("0 7 * * *")
    before = datetime(2026, 3, 28, 7, 0, tzinfo=berlin).timestamp()
    assert rhythm.next(before) - before == 23 * 3600


def test_an_hour_that_comes_twice_is_due_once_for_a_time_in_it(berlin):
    rhythm = Cron("30 2 * * *")
    first = rhythm.next(datetime(2026, 10, 25, 0, 0, tzinfo=berlin).timestamp())
    assert datetime.fromtimestamp(first, timezone.utc).hour == 0
    assert rhythm.next(first) - first == 25 * 3600
    assert rhythm.latest(first + 5 * 3600) == first


def test_a_layer_has_the_schedule_of_its_settings(backend_path):
    layers = {"default": {"BACKEND": backend_path, "ROUTING": [], "SCHEDULE": {"a": GOOD}}}
    with override_settings(CHANNEL_LAYERS=layers):
        layer = ChannelLayerManager()["default"]
    assert layer.schedule == (Entry("a", "jobs", {}, Every(60.0)),)


def test_a_layer_needs_no_schedule(backend_path):
    assert LayerSettings.read("default", {"BACKEND": backend_path, "ROUTING": []}).schedule == ()


def test_a_wrong_schedule_names_its_setting(backend_path):
    entry = {"BACKEND": backend_path, "ROUTING": [], "SCHEDULE": {"a": {}}}
    with pytest.raises(ConfigurationError, match=r"CHANNEL_LAYERS\['default'\]\['SCHEDULE'\]\['a'\]"):
        LayerSettings.read("default", entry)
    assert issubclass(InvalidChannelLayerError, ConfigurationError)
