"""Subcommands about interface servers and their WebSockets."""

from django.core.management.base import CommandParser

from towpath.layers.commands import SocketFilter
from towpath.layers.protocol import POLICY_VIOLATION

from .. import draining, sockets
from ..site import OrderRefused, Site
from .action import Action, Console, Options
from .showing import add_limit

#: The number of sockets that are shown by default.
SOCKETS = 100
#: Seconds to wait for the end of a drain: longer than the pause and the grace of the shipped files.
DRAIN_SECONDS = 120.0


def add_filter(parser: CommandParser) -> None:
    """Add the options that select sockets."""
    parser.add_argument("--user", metavar="ID", help="sockets of this user, if its login is in the session state")
    parser.add_argument("--group", metavar="NAME", help="the members of a group")
    parser.add_argument("--path", metavar="GLOB", help="sockets whose path matches, such as /chat/*")


def filter_of(options: Options) -> SocketFilter:
    """Return the filter of the options."""
    return SocketFilter(options.get("channel"), options["user"], options["group"], options["path"])


class ShowSockets(Action):
    """Open WebSockets."""

    name = "sockets"
    help = "open WebSockets with path, user, client and age, by user, group or path"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_filter(parser)
        add_limit(parser, SOCKETS)

    def run(self, site: Site, console: Console, options: Options) -> None:
        found = sockets.find_sockets(site, filter_of(options), max(1, options["limit"]))
        console.show(found.as_json, found.report)
        found.answers.check()


class KickSockets(Action):
    """The end of WebSockets."""

    name = "kick"
    help = "close WebSockets by channel, user, group or path"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("channel", nargs="?", metavar="CHANNEL", help="the reply channel of one connection")
        add_filter(parser)
        code, text = POLICY_VIOLATION, "the close code (default: %(default)s)"
        parser.add_argument("--code", type=int, default=code, metavar="N", help=text)
        parser.add_argument("--reason", default="", metavar="TEXT", help="up to 123 bytes for the client")

    def run(self, site: Site, console: Console, options: Options) -> None:
        count, answers = sockets.close_sockets(site, filter_of(options), options["code"], options["reason"])
        answers.check()
        if not count:
            raise OrderRefused("No open WebSocket matches")
        console.show(lambda: {"closed": count}, lambda: f"{count} WebSockets were closed with {options['code']}")


class DrainInterface(Action):
    """The end of an interface server."""

    name = "drain"
    help = "make an interface server stop as on SIGTERM"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("server", metavar="HOST:PID", help="the name of the server in `status`")
        text = "seconds to wait for its end; 0 returns at once (default: %(default)g)"
        parser.add_argument("--timeout", type=float, default=DRAIN_SECONDS, metavar="SECONDS", help=text)

    def run(self, site: Site, console: Console, options: Options) -> None:
        name, seconds = options["server"], options["timeout"]
        draining.drain(site, name)
        console.note(f"{name} drains: it is not ready any more, closes its WebSockets and ends")
        if seconds > 0:
            draining.wait_until_gone(site, name, seconds)
        console.show(lambda: {"server": name, "ended": seconds > 0}, lambda: f"{name} has ended" if seconds > 0 else "")
