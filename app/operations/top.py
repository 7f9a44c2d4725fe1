"""The state of a site on a terminal, refreshed until `q` or Ctrl-C. Needs `rich`, of the extra `operations`."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from towpath.layers.errors import LayerUnavailable
from towpath.layers.survey import ProcessRecord

from .keyboard import Keyboard
from .pausing import paused_state, process_name
from .status import Status, duration, read_status, redis_line

if TYPE_CHECKING:
    from .site import Site

#: Age of the oldest message from which a queue is shown as late, in seconds.
LATE_SECONDS = 1.0


def show(site: "Site", interval_seconds: float, console: Console, keyboard: Keyboard) -> None:
    """Show the site until `q` is pressed; while Redis is unavailable, show the last state with the error above it."""
    channels = site.channels
    shown, asked_at = Screen(), 0.0
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            began = time.monotonic()
            try:
                status = read_status(site.survey, channels)
            except LayerUnavailable as error:
                picture = shown.with_error(str(error))
            else:
                picture, asked_at = shown.of(status, began - asked_at, time.time()), began
            live.update(picture, refresh=True)
            if keyboard.is_quit(interval_seconds):
                return


class Screen:
    """The screen of a status, with rates since the previous one."""

    def __init__(self) -> None:
        self._sent: Mapping[str, int] | None = None
        self._picture: RenderableType = Text("")

    def of(self, status: Status, seconds: float, now: float) -> RenderableType:
        """Return the screen of a status that was read `seconds` after the previous one."""
        sent = {queue.channel: queue.sent for queue in status.queues}
        rates = (
            {}
            if self._sent is None
            else {name: max(0, count - self._sent.get(name, count)) / seconds for name, count in sent.items()}
        )
        self._sent = sent
        self._picture = Group(
            Text(redis_line(status.store)),
            Text("q: quit", style="dim"),
            Text(""),
            _processes(status, "Interface servers", status.interfaces, now),
            _processes(status, "Workers", status.workers, now),
            _queues(status, rates),
        )
        return self._picture

    def with_error(self, error: str) -> RenderableType:
        """Return the last screen below an error."""
        return Group(Text(error, style="bold red"), self._picture)


def _processes(status: Status, title: str, records: Sequence[ProcessRecord], now: float) -> Table:
    names = sorted({name for record in records for name in record.numbers})
    table = _table(title, ["version", "up for", "state", *names, "slow"])
    for record in records:
        is_alive = status.is_alive(record)
        state = Text(record.state if is_alive else "no lease", style="" if is_alive else "red")
        numbers = [f"{record.numbers.get(name, 0):g}" for name in names]
        slow = Text("\n".join(record.slow), style="yellow")
        table.add_row(process_name(record), record.version, duration(now - record.started_at), state, *numbers, slow)
    return table


def _queues(status: Status, rates: Mapping[str, float]) -> Table:
    table = _table("Queues", ["waiting", "oldest", "in/s", "delayed", "lost", "expired", "refused", "state"])
    for queue in sorted(status.queues, key=lambda queue: (-queue.oldest_seconds, queue.channel)):
        oldest = Text(f"{queue.oldest_seconds:.1f} s", style="red" if queue.oldest_seconds > LATE_SECONDS else "")
        rate = f"{rates[queue.channel]:.1f}" if queue.channel in rates else "-"
        counts = map(str, (queue.delayed, queue.lost, queue.expired, queue.full))
        state = Text(paused_state(queue.channel, status.paused), style="yellow")
        table.add_row(queue.channel, str(queue.depth), oldest, rate, *counts, state)
    return table


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(title, no_wrap=True)
    for column in columns:
        table.add_column(column, no_wrap=column != "slow", justify="left" if column in ("state", "slow") else "right")
    return table
