"""A pause of a channel as an operator asks for it: known channels only, and done once no worker takes from it."""

from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest

from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.survey import ProcessRecord
from towpath.operations import pausing, site
from towpath.operations.site import OrderRefused, Site

WORKER = ProcessRecord("worker", host="web1", pid=2, owners=("reader",), channels=("jobs", "mail"))


class Seen:
    """A survey whose records and leases a test decides on."""

    def __init__(self, *records: ProcessRecord) -> None:
        self.records = list(records)
        self.held = {owner for record in records for owner in record.owners}

    def processes(self) -> list[ProcessRecord]:
        return self.records

    def leases(self) -> list[tuple[str, float]]:
        return [(owner, 5.0) for owner in self.held]


@pytest.fixture
def layer() -> MemoryChannelLayer:
    return MemoryChannelLayer(expiry=45)


@pytest.fixture
def make_site(layer: MemoryChannelLayer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a site whose routing has the channel `of.routing`."""
    monkeypatch.setattr(site, "project_router", lambda *_: Mock(channels={"of.routing"}))

    def make(*records: ProcessRecord) -> Site:
        survey: Any = Seen(*records)
        return Site(Mock(channel_layer=layer), survey, layer.administration())

    return make


def test_a_pause_is_done_once_all_workers_of_the_channel_say_so(
    make_site: Any, layer: MemoryChannelLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = make_site(WORKER, replace(WORKER, pid=3, channels=("mail",)))
    looks = []

    def look(seconds: float) -> None:
        looks.append(seconds)
        assert layer.administration().paused() == {"jobs": None}
        found.survey.records[0] = replace(WORKER, paused=("jobs",))

    monkeypatch.setattr(pausing.time, "sleep", look)
    paused = pausing.pause(found, "jobs", None)
    assert len(looks) == 1
    assert paused.as_json() == {"channel": "jobs", "paused": True, "seconds": None, "still_running": []}
    assert paused.report() == "jobs is paused until it is resumed: messages wait in it, and expire after 45 s"


def test_workers_that_still_run_what_they_had_taken_are_named(make_site: Any) -> None:
    paused = pausing.pause(make_site(WORKER), "jobs", 90, apply_seconds=0)
    assert paused.report().splitlines() == [
        "jobs is paused for 90 s: messages wait in it, and expire after 45 s",
        "web1:2 still runs what it has taken",
    ]
    assert paused.as_json()["still_running"] == ["web1:2"]


def test_workers_without_a_lease_are_not_waited_for(make_site: Any) -> None:
    found = make_site(WORKER)
    found.survey.held = set()
    assert pausing.pause(found, "of.routing", None).late == []


@pytest.mark.parametrize("channel", ["jbos", "asgi.delay"])
def test_channels_that_workers_do_not_take_from_cannot_be_paused(
    channel: str, make_site: Any, layer: MemoryChannelLayer
) -> None:
    with pytest.raises(OrderRefused, match=r"Channels: jobs, mail, of.routing$|the scheduler of each worker process"):
        pausing.pause(make_site(WORKER), channel, None)
    assert layer.administration().paused() == {}


def test_a_duration_that_is_not_one_is_refused(make_site: Any) -> None:
    with pytest.raises(OrderRefused, match="more than 0 seconds and at most a year, not -1 seconds"):
        pausing.pause(make_site(WORKER), "jobs", -1)
