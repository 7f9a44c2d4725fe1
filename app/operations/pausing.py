"""Pauses of channels, from which workers take no messages. A pause is kept in the store, not by the workers."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from towpath.layers.operations.delays import DELAY_CHANNEL
from towpath.layers.survey import ProcessRecord

from .site import OrderRefused, Site

#: Seconds that a pause waits until the workers confirm it: they read it within two seconds, and a blocking read that
#: has just begun ends two seconds later.
APPLY_SECONDS = 15.0
#: Seconds between two reads of their records.
LOOK_SECONDS = 0.2
#: Channels that an error message names.
NAMED_CHANNELS = 12


@dataclass(frozen=True, slots=True)
class Paused:
    """A paused channel, and its workers that have not confirmed the pause yet."""

    channel: str
    seconds: float | None
    late: Sequence[ProcessRecord]
    expiry_seconds: float

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        late = [process_name(record) for record in self.late]
        return {"channel": self.channel, "paused": True, "seconds": self.seconds, "still_running": late}

    def report(self) -> str:
        """Return it as text."""
        until = "until it is resumed" if self.seconds is None else f"for {self.seconds:g} s"
        lines = [f"{self.channel} is paused {until}: messages wait in it, and expire after {self.expiry_seconds:g} s"]
        lines += [f"{process_name(record)} still runs what it has taken" for record in self.late]
        return "\n".join(lines)


def pause(site: Site, channel: str, seconds: float | None, apply_seconds: float = APPLY_SECONDS) -> Paused:
    """Pause a channel, and wait until no worker takes from it any more, for `apply_seconds` at most.

    Raises:
        OrderRefused: the site has no such channel, or the duration is not one.
        InvalidName, LayerUnavailable.
    """
    check_known(site, channel)
    try:
        site.administration.pause(channel, seconds)
    except ValueError as error:
        raise OrderRefused(str(error)) from error
    deadline = time.monotonic() + apply_seconds
    while True:
        workers = site.living("worker")
        late = [worker for worker in workers if channel in worker.channels and channel not in worker.paused]
        if not late or time.monotonic() >= deadline:
            break
        time.sleep(LOOK_SECONDS)
    return Paused(channel, seconds, late, site.layer.channel_layer.expiry)


def check_known(site: Site, channel: str) -> None:
    """Check that workers can take messages from a channel, so that a mistyped name is an error.

    Raises:
        OrderRefused: neither the routing nor a running worker has it, or it belongs to the scheduler.
    """
    if channel == DELAY_CHANNEL:
        raise OrderRefused(f"{DELAY_CHANNEL} cannot be paused: the scheduler of each worker process takes from it")
    known = sorted(site.all_channels() - {DELAY_CHANNEL})
    if channel not in known:
        names = ", ".join(known[:NAMED_CHANNELS]) + (", ..." if len(known) > NAMED_CHANNELS else "")
        raise OrderRefused(f"No worker takes from {channel!r}, and the routing does not name it. Channels: {names}")


def process_name(record: ProcessRecord) -> str:
    """Return the name of a process in commands: host and process id."""
    return f"{record.host}:{record.pid}"


def paused_state(channel: str, paused: Mapping[str, float | None]) -> str:
    """Return the cell of a table: whether a channel is paused, and for how many more seconds."""
    if channel not in paused:
        return ""
    left = paused[channel]
    return "paused" if left is None else f"paused {left:.0f} s"
