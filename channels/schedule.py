"""Messages that are sent again and again: `CHANNEL_LAYERS[alias]["SCHEDULE"]`, and when each is due.

    "SCHEDULE": {
        "clean-up": {"channel": "sessions.clean", "every": timedelta(minutes=10)},
        "report": {"channel": "report.send", "cron": "30 7 * * mon-fri", "content": {"to": "editors"}},
    }

`every` counts from 1970 (UTC), so that all processes mean the same times: a day begins at midnight UTC. `cron` is in
the time zone of the setting TIME_ZONE, with the five fields of crontab; it needs the package `cronsim`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Protocol

from django.utils.timezone import get_default_timezone

from towpath.layers.codec import check_content
from towpath.layers.contract import Content
from towpath.layers.errors import ConfigurationError, TowpathError
from towpath.layers.names import check_channel_name

#: Shortest and longest time between two messages.
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(days=366)
#: The fields of a crontab: minute, hour, day of the month, month, day of the week.
CRON_FIELDS = 5
KEYS = ("channel", "content", "cron", "every")


class Rhythm(Protocol):
    """When something is due, in seconds since 1970 (UTC)."""

    def latest(self, now: float) -> float:
        """Return the last time up to `now`."""

    def next(self, now: float) -> float:
        """Return the first time after `now`."""


@dataclass(frozen=True, slots=True)
class Every:
    """Due at all multiples of `seconds`."""

    seconds: float

    def latest(self, now: float) -> float:
        """Return the last multiple."""
        return math.floor(now / self.seconds) * self.seconds

    def next(self, now: float) -> float:
        """Return the next multiple."""
        return (math.floor(now / self.seconds) + 1) * self.seconds


@dataclass(frozen=True, slots=True)
class Cron:
    """Due when a line of a crontab says so, as Debian's cron understands it, also when clocks are changed."""

    expression: str

    def latest(self, now: float) -> float:
        """Return the last time; it falls on a whole minute."""
        return self._first((math.floor(now / 60) + 1) * 60, reverse=True)

    def next(self, now: float) -> float:
        """Return the next time; it falls on a whole minute."""
        return self._first(now, reverse=False)

    def _first(self, start: float, reverse: bool) -> float:
        begin = datetime.fromtimestamp(start, get_default_timezone())
        moment: datetime = next(_cronsim().CronSim(self.expression, begin, reverse=reverse))
        return moment.timestamp()


@dataclass(frozen=True, slots=True)
class Entry:
    """A message of a schedule. `name` is unique in its layer."""

    name: str
    channel: str
    content: Content
    rhythm: Rhythm


def read_schedule(where: str, value: object) -> tuple[Entry, ...]:
    """Check a schedule; `where` names the setting.

    Raises:
        ConfigurationError: it is wrong; says where, and what is to be written instead.
    """
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{where} is a dict of names and entries, not {value!r}")
    return tuple(_read_entry(f"{where}[{name!r}]", name, entry) for name, entry in value.items())


def _read_entry(where: str, name: object, entry: object) -> Entry:
    if not (isinstance(name, str) and name):
        raise ConfigurationError(f"{where}: its name is a str that is not empty, not {name!r}")
    if not isinstance(entry, Mapping):
        raise ConfigurationError(
            f"{where} is a dict such as {{'channel': ..., 'every': timedelta(...)}}, not {entry!r}"
        )
    for key in entry:
        if key not in KEYS:
            raise ConfigurationError(f"{where} has the unknown key {key!r}; its keys are {', '.join(KEYS)}")
    content = entry.get("content", {})
    try:
        channel = check_channel_name(entry.get("channel"))
        check_content(content)
    except TowpathError as error:
        raise ConfigurationError(f"{where}: {error}") from error
    if not set("?!").isdisjoint(channel):
        raise ConfigurationError(f"{where}['channel'] is a named channel, which a route takes, not {channel!r}")
    return Entry(name, channel, content, _read_rhythm(where, entry))


def _read_rhythm(where: str, entry: Mapping[str, object]) -> Rhythm:
    if ("every" in entry) == ("cron" in entry):
        raise ConfigurationError(f"{where} has either 'every', a timedelta, or 'cron', a line of a crontab")
    if "cron" in entry:
        return _read_cron(where, entry["cron"])
    every = entry["every"]
    if not (isinstance(every, timedelta) and SHORTEST <= every <= LONGEST):
        raise ConfigurationError(
            f"{where}['every'] is a timedelta from {SHORTEST.seconds} second to {LONGEST.days} days, not {every!r}"
        )
    return Every(every.total_seconds())


def _read_cron(where: str, expression: object) -> Cron:
    reason: object = "it has five fields: minute, hour, day of the month, month, day of the week"
    if isinstance(expression, str) and len(expression.split()) == CRON_FIELDS:
        library = _cronsim()
        try:
            next(library.CronSim(expression, datetime(2000, 1, 1)))
            return Cron(expression)
        except library.CronSimError as error:
            reason = error
        except StopIteration:
            reason = "it is never due"
    raise ConfigurationError(f"{where}['cron'] is a line such as '30 7 * * mon-fri', not {expression!r}: {reason}")


def _cronsim() -> Any:
    """Import the library that is needed where there is a crontab only.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        return import_module("cronsim")
    except ImportError as error:
        raise ConfigurationError("'cron' in a schedule needs the package cronsim: install towpath[cron]") from error
