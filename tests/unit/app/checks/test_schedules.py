"""Mistakes in a schedule are reported before anything starts."""

from datetime import timedelta
from typing import Any

import django
import pytest
from django.apps import apps
from django.core.checks import CheckMessage
from django.test import override_settings

from towpath.checks.schedules import check_schedules
from towpath.checks.settings import check_settings
from towpath.routing import route

EVERY = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _apps() -> None:
    """Checks run when the applications are there."""
    if not apps.ready:
        django.setup(set_prefix=False)


ROUTING = [route("jobs", print)]


def found(check: Any, schedule: Any, routing: Any = ROUTING) -> list[CheckMessage]:
    entry = {"BACKEND": "towpath.layers.memory.MemoryChannelLayer", "ROUTING": routing, "SCHEDULE": schedule}
    with override_settings(CHANNEL_LAYERS={"default": entry}):
        return list(check())


def test_a_schedule_whose_channel_is_routed_is_fine() -> None:
    schedule = {"a": {"channel": "jobs", "every": EVERY}, "b": {"channel": "jobs", "cron": "0 7 * * mon-fri"}}
    assert found(check_schedules, schedule) == []
    assert found(check_settings, schedule) == []


def test_a_channel_that_no_route_takes_is_named() -> None:
    [message] = found(
        check_schedules, {"a": {"channel": "jobs", "every": EVERY}, "b": {"channel": "x", "every": EVERY}}
    )
    assert message.id == "towpath.W009"
    assert message.msg == "CHANNEL_LAYERS['default']['SCHEDULE']['b'] sends to 'x', and no route takes it."


@pytest.mark.parametrize("schedule", [[], {"a": {"channel": "jobs"}}, {"a": {"channel": "jobs", "cron": "0 25 * * *"}}])
def test_a_wrong_schedule_is_an_error_of_the_settings(schedule: Any) -> None:
    [message] = found(check_settings, schedule)
    assert message.id == "towpath.E001"
    assert "CHANNEL_LAYERS['default']['SCHEDULE']" in message.msg
    assert found(check_schedules, schedule) == []


def test_a_routing_that_is_wrong_is_the_matter_of_another_check() -> None:
    assert found(check_schedules, {"a": {"channel": "jobs", "every": EVERY}}, "no.such.routing") == []
