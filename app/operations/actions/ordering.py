"""Subcommands that change the work of the processes."""

from django.core.management.base import CommandParser

from towpath.layers.names import check_channel_name

from .. import pausing
from ..restart import RESTART_SECONDS, Restart
from ..site import OrderRefused, Site
from .action import Action, Console, Options


class PauseChannel(Action):
    """A pause of a channel."""

    name = "pause"
    help = "stop workers from taking messages of a channel; its messages wait"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("channel", metavar="CHANNEL")
        text = "seconds after which the channel is resumed automatically (default: only by `resume`)"
        parser.add_argument("--for", dest="seconds", type=float, metavar="SECONDS", help=text)

    def run(self, site: Site, console: Console, options: Options) -> None:
        paused = pausing.pause(site, options["channel"], options["seconds"])
        console.show(paused.as_json, paused.report)


class ResumeChannel(Action):
    """The end of a pause."""

    name = "resume"
    help = "let workers take messages from a paused channel again"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("channel", metavar="CHANNEL")

    def run(self, site: Site, console: Console, options: Options) -> None:
        channel = options["channel"]
        if not site.administration.resume(channel):
            raise OrderRefused(f"{channel} is not paused")
        console.show(lambda: {"channel": channel, "paused": False}, lambda: f"{channel} is resumed")


class PurgeChannel(Action):
    """The drop of messages that wait."""

    name = "purge"
    help = "drop the messages that wait in a channel"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("channel", metavar="CHANNEL")
        parser.add_argument(
            "--yes", action="store_true", help="drop the messages; without this option only their number is shown"
        )

    def run(self, site: Site, console: Console, options: Options) -> None:
        channel = check_channel_name(options["channel"])
        if not options["yes"]:
            [queue] = site.survey.queues([channel])
            raise OrderRefused(f"{queue.depth} messages wait in {channel}: --yes drops them")
        count = site.survey.purge(channel)
        console.show(
            lambda: {"channel": channel, "dropped": count}, lambda: f"{count} messages of {channel} were dropped"
        )


class RestartWorkers(Action):
    """A rolling restart."""

    name = "restart"
    help = "restart the workers of this machine, one after the other"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        text = "seconds in which each must stop and be replaced (default: %(default)g)"
        parser.add_argument("--timeout", type=float, default=RESTART_SECONDS, metavar="SECONDS", help=text)

    def run(self, site: Site, console: Console, options: Options) -> None:
        count = Restart(site.survey, options["timeout"], console.note).run()
        if not count:
            raise OrderRefused("No worker of this machine is running: there is nothing to restart")
        console.show(lambda: {"restarted": count}, lambda: f"{count} workers were restarted")
