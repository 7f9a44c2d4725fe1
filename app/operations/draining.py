"""The drain of one interface server by its name, from any machine."""

import time

from towpath.layers.commands import Drain

from .asking import ask
from .pausing import process_name
from .site import OrderRefused, Site

#: Seconds between two checks whether a server has ended.
LOOK_SECONDS = 0.2


def drain(site: Site, name: str) -> None:
    """Make an interface server stop as on SIGTERM; its drain has begun when this returns.

    Raises:
        OrderRefused: no such server is running, it has not answered, or it cannot stop by itself.
        LayerUnavailable: Redis does not answer.
    """
    servers = site.living("interface")
    mine = [record for record in servers if process_name(record) == name]
    if not mine:
        names = ", ".join(sorted(map(process_name, servers))) or "none"
        raise OrderRefused(f"No interface server is called {name!r}. Running: {names}")
    ask(site, Drain(), mine).check()


def wait_until_gone(site: Site, name: str, seconds: float) -> None:
    """Wait until an interface server has ended.

    Raises:
        OrderRefused: it still runs after `seconds`.
        LayerUnavailable: Redis does not answer.
    """
    deadline = time.monotonic() + seconds
    while any(process_name(record) == name for record in site.survey.processes()):
        if time.monotonic() >= deadline:
            raise OrderRefused(f"{name} drains, and has not ended after {seconds:g} s")
        time.sleep(LOOK_SECONDS)
