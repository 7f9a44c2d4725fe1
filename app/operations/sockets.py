"""The open WebSockets of a site, listed and closed by requests to the interface servers, which alone know them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from towpath.layers.commands import BadCommand, CloseSockets, ListSockets, SocketFilter
from towpath.layers.names import check_channel_name, check_group_name, split_local
from towpath.layers.survey import ProcessRecord

from .asking import Answers, ask
from .site import OrderRefused, Site
from .status import duration
from .table import table

_COLUMNS = ("channel", "path", "user", "client", "age", "interface")


@dataclass(frozen=True, slots=True)
class FoundSockets:
    """The matching sockets, oldest first, up to the limit; `count` is the number of all matches."""

    sockets: Sequence[dict[str, Any]]
    count: int
    answers: Answers

    def as_json(self) -> dict[str, Any]:
        """Return them as plain data."""
        more = self.count > len(self.sockets)
        return {"sockets": self.sockets, "count": self.count, "more": more, "unanswered": self.answers.silent}

    def report(self) -> str:
        """Return them as text."""
        rows = [
            [*(each[name] or "-" for name in _COLUMNS[:4]), duration(each["age_seconds"]), each["interface"]]
            for each in self.sockets
        ]
        left = self.count - len(self.sockets)
        more = [f"{left} more match: give a higher --limit"] if left else []
        return "\n".join(table(list(_COLUMNS), rows) + more)


def find_sockets(site: Site, wanted: SocketFilter, limit: int) -> FoundSockets:
    """Return the matching sockets; each server returns up to `limit`.

    Raises:
        OrderRefused: no interface server is running.
        InvalidName, LayerUnavailable.
    """
    answers = ask(site, ListSockets(wanted, limit), _servers(site, wanted))
    found, count = [], 0
    for name, pages in answers.by_server.items():
        for page in pages:
            found += [{**socket, "interface": name} for socket in page.get("sockets", ())]
            count += page.get("count", 0)
    found.sort(key=lambda socket: -socket["age_seconds"])
    return FoundSockets(found[:limit], max(count, len(found)), answers)


def close_sockets(site: Site, wanted: SocketFilter, code: int, reason: str) -> tuple[int, Answers]:
    """Close the matching sockets; return their number, and the answers.

    Raises:
        OrderRefused: no interface server is running, or the code or reason cannot be sent.
        InvalidName, LayerUnavailable.
    """
    try:
        command = CloseSockets(wanted, code, reason)
    except BadCommand as error:
        raise OrderRefused(str(error)) from error
    answers = ask(site, command, _servers(site, wanted))
    return sum(page.get("closed", 0) for pages in answers.by_server.values() for page in pages), answers


def _servers(site: Site, wanted: SocketFilter) -> Sequence[ProcessRecord]:
    """Return the servers that may have matching sockets."""
    servers = site.living("interface")
    if not servers:
        raise OrderRefused("No interface server is running")
    if wanted.group is not None:
        check_group_name(wanted.group)
    if wanted.channel is None:
        return servers
    inbox, _ = split_local(check_channel_name(wanted.channel))
    mine = [record for record in servers if inbox in record.owners]
    if not mine:
        raise OrderRefused(f"No interface server that is running has the channel {wanted.channel}")
    return mine
